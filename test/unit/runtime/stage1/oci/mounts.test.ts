// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type AppMount, appPlan, type BindMount } from "../../../../../runtime/stage1/app-plan.ts";
import { ociMounts, rootfsPropagation } from "../../../../../runtime/stage1/oci/mounts.ts";

function bind(target: string, more: Partial<BindMount> = {}): BindMount {
  return {
    kind: "bind",
    source: "/host",
    target,
    readOnly: false,
    recursiveReadOnly: false,
    propagation: "private",
    ...more,
  };
}

function mounts(...wanted: readonly AppMount[]) {
  return ociMounts(
    appPlan({
      podUuid: "1",
      appName: "a",
      containerId: "c",
      rootfs: "/r",
      args: ["/x"],
      mounts: wanted,
    }),
  );
}

const defaults = ["/proc", "/dev", "/sys", "/dev/pts", "/dev/mqueue", "/dev/shm", "/sys/fs/cgroup"];

describe("ociMounts()", () => {
  it("puts a parent before its children and keeps the order otherwise (POD-07)", () => {
    const targets = mounts(bind("/certs/b"), bind("/z"), bind("/certs"), bind("/a")).map(
      ({ destination }) => destination,
    );
    expect(targets).toEqual([
      "/proc",
      "/dev",
      "/sys",
      "/z",
      "/certs",
      "/a",
      "/dev/pts",
      "/dev/mqueue",
      "/dev/shm",
      "/certs/b",
      "/sys/fs/cgroup",
    ]);
  });

  it("never puts a mount before one of its parents", () => {
    const path = fc
      .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 })
      .map((parts) => `/${parts.join("/")}`);
    fc.assert(
      fc.property(fc.array(path, { maxLength: 12 }), (targets) => {
        const order = mounts(...targets.map((target) => bind(target))).map((m) => m.destination);
        for (const [index, target] of order.entries()) {
          const later = order.slice(index + 1);
          expect(later.filter((other) => target.startsWith(`${other}/`))).toEqual([]);
        }
      }),
    );
  });

  it("has a volume replace the default at its place, and at /dev everything below", () => {
    const targets = (...wanted: AppMount[]) => mounts(...wanted).map((m) => m.destination);
    expect(targets(bind("/dev/shm/"))).toEqual([
      ...defaults.filter((d) => d !== "/dev/shm").slice(0, 5),
      "/dev/shm",
      "/sys/fs/cgroup",
    ]);
    expect(targets(bind("/dev"))).toEqual(["/proc", "/sys", "/dev", "/sys/fs/cgroup"]);
  });

  it.each([
    [{}, ["rbind", "rprivate", "rw"]],
    [{ readOnly: true }, ["rbind", "rprivate", "ro"]],
    [{ readOnly: true, recursiveReadOnly: true }, ["rbind", "rprivate", "rro"]],
    [{ propagation: "rslave" }, ["rbind", "rslave", "rw"]],
    [{ propagation: "rshared", readOnly: true }, ["rbind", "rshared", "ro"]],
  ] as const)("a bind mount with %j has options %j", (more, options) => {
    expect(mounts(bind("/v", more)).find((m) => m.destination === "/v")).toEqual({
      destination: "/v",
      type: "bind",
      source: "/host",
      options,
    });
  });

  it.each([
    ["/", "an app's root is its image"],
    ["//", "an app's root is its image"],
    ["data", 'expected an absolute path without ".."'],
    ["/a/../../etc", 'expected an absolute path without ".."'],
    ["/a\0b", 'expected an absolute path without ".."'],
  ])("refuses to mount at %j", (target, reason) => {
    expect(() => mounts(bind(target))).toThrow(`Cannot mount at "${target}": ${reason}`);
  });

  it.each([
    { readOnly: false, recursiveReadOnly: true },
    { readOnly: true, recursiveReadOnly: true, propagation: "rslave" },
  ] as const)("refuses %j", (more) => {
    expect(() => mounts(bind("/v", more))).toThrow(
      'Cannot mount "/v" read-only recursively: that needs a read-only mount with private propagation',
    );
  });
});

describe("rootfsPropagation()", () => {
  it("is as wide as the widest mount", () => {
    expect(rootfsPropagation([])).toBe("private");
    expect(rootfsPropagation([bind("/a"), bind("/b", { propagation: "rslave" })])).toBe("rslave");
    expect(
      rootfsPropagation([
        bind("/a", { propagation: "rshared" }),
        bind("/b", { propagation: "rslave" }),
      ]),
    ).toBe("rshared");
  });
});
