// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { appPlan } from "../../../../../runtime/stage1/app-plan.ts";
import { cgroupsPath } from "../../../../../runtime/stage1/oci/cgroup-path.ts";
import { ociLimits, ociResources } from "../../../../../runtime/stage1/oci/resources.ts";
import { hostFacts } from "../../../../helpers/host-facts.ts";

const everything = {
  cpuShares: 512,
  cpuQuotaUs: 50_000,
  cpuPeriodUs: 100_000,
  cpusetCpus: "0-1",
  cpusetMems: "0",
  memoryLimitBytes: 1024,
  memorySwapBytes: 2048,
  memoryReservationBytes: 512,
  pidsLimit: 10,
  hugepageLimits: [{ pageSize: "2MB", limitBytes: 0 }],
  unified: { "memory.oom.group": "1" },
};

describe("ociLimits()", () => {
  it("passes on what the host has controllers for", () => {
    expect(ociLimits(everything, hostFacts())).toEqual({
      memory: { limit: 1024, swap: 2048, reservation: 512 },
      cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: "0-1", mems: "0" },
      pids: { limit: 10 },
      hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
      unified: { "memory.oom.group": "1" },
    });
  });

  it("drops the rest: the kubelet always sends huge page limits and v2 files", () => {
    const host = hostFacts({
      cgroupLayout: "v1",
      cgroupControllers: ["cpu", "memory"],
      swapAccounting: false,
    });
    expect(ociLimits(everything, host)).toEqual({
      memory: { limit: 1024, reservation: 512 },
      cpu: { shares: 512, quota: 50_000, period: 100_000 },
    });
  });

  it("is empty for an app without limits", () => {
    expect(ociLimits({ cpusetCpus: "" }, hostFacts())).toEqual({});
  });
});

describe("ociResources()", () => {
  it("denies all devices but those of the plan", () => {
    const plan = appPlan({
      podUuid: "1",
      appName: "a",
      containerId: "c",
      rootfs: "/r",
      args: ["/x"],
      devices: [
        {
          path: "/dev/fuse",
          type: "c",
          major: 10,
          minor: 229,
          mode: 0o666,
          uid: 0,
          gid: 0,
          access: "rw",
        },
      ],
    });
    expect(ociResources(plan, hostFacts()).devices).toEqual([
      { allow: false, access: "rwm" },
      { allow: true, type: "c", major: 10, minor: 229, access: "rw" },
    ]);
  });
});

describe("cgroupsPath()", () => {
  it.each([
    ["cgroupfs", "", "/corefly/c1"],
    ["cgroupfs", "/kubepods/burstable/pod1", "/kubepods/burstable/pod1/c1"],
    ["cgroupfs", "test", "/test/c1"],
    ["systemd", "", "machine.slice:corefly:c1"],
    ["systemd", "/kubepods.slice/kubepods-burstable.slice", "kubepods-burstable.slice:corefly:c1"],
    ["systemd", "/test.slice", "test.slice:corefly:c1"],
  ] as const)("%s under %j is %j", (driver, cgroupParent, path) => {
    expect(cgroupsPath({ cgroupParent, containerId: "c1" }, driver)).toBe(path);
  });

  it("refuses a parent that is no slice for systemd, and one that climbs", () => {
    const app = { containerId: "c1" };
    expect(() => cgroupsPath({ ...app, cgroupParent: "/kubepods" }, "systemd")).toThrow(
      'Cannot use cgroup parent "/kubepods": with the systemd cgroup driver its last element must be a slice',
    );
    expect(() => cgroupsPath({ ...app, cgroupParent: "/a/../../b" }, "cgroupfs")).toThrow(
      'Cannot use cgroup parent "/a/../../b": it contains ".."',
    );
  });
});
