// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { sumOfUsage } from "../../../../../runtime/cri/stats/cgroup-files.ts";
import { podCgroups } from "../../../../../runtime/cri/stats/pod-cgroup.ts";

const UID = "6b2f3c1e-0000-4000-8000-000000000001";

describe("podCgroups()", () => {
  it("is the kubelet's, by either driver's name", () => {
    const slice = `/kubepods.slice/kubepods-pod${UID.replaceAll("-", "_")}.slice`;
    expect(podCgroups({ cgroupParent: slice, podUid: UID }, { cgroupLayout: "v2" })).toEqual({
      "": `/sys/fs/cgroup${slice}`,
    });
    const path = `/kubepods/burstable/pod${UID}`;
    expect(podCgroups({ cgroupParent: path, podUid: UID }, { cgroupLayout: "hybrid" })).toEqual({
      cpu: `/sys/fs/cgroup/cpu${path}`,
      cpuacct: `/sys/fs/cgroup/cpuacct${path}`,
      memory: `/sys/fs/cgroup/memory${path}`,
      pids: `/sys/fs/cgroup/pids${path}`,
    });
  });

  it("is none where others could be in it too", () => {
    for (const cgroupParent of ["", "/test.slice", `/pod${UID}/below`]) {
      expect(podCgroups({ cgroupParent, podUid: UID }, { cgroupLayout: "v2" })).toBeUndefined();
    }
    expect(podCgroups({ cgroupParent: "/x", podUid: "" }, { cgroupLayout: "v2" })).toBeUndefined();
  });
});

describe("sumOfUsage()", () => {
  const usage = {
    cpuNs: 1n,
    memoryUsageBytes: 10n,
    workingSetBytes: 9n,
    rssBytes: 8n,
    pageFaults: 7n,
    majorPageFaults: 6n,
    memoryLimitBytes: 100n,
    swapBytes: 5n,
    processes: 2n,
  };

  it("adds what all know, and has no limit", () => {
    expect(sumOfUsage([])).toBeUndefined();
    expect(sumOfUsage([usage, { ...usage, swapBytes: undefined }])).toEqual({
      cpuNs: 2n,
      memoryUsageBytes: 20n,
      workingSetBytes: 18n,
      rssBytes: 16n,
      pageFaults: 14n,
      majorPageFaults: 12n,
      memoryLimitBytes: undefined,
      swapBytes: undefined,
      processes: 4n,
    });
  });
});
