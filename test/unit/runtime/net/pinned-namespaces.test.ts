// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { pinNamespaces } from "../../../../runtime/net/pinned-namespaces.ts";
import {
  ProcessAborted,
  recordingSystem,
} from "../../../../runtime/system/fake/recording-system.ts";

let work: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "corefly-pin-"));
});

afterEach(() => rmSync(work, { recursive: true }));

describe("pinNamespaces()", () => {
  it("makes all namespaces in one call, pins each, and goes home", () => {
    const system = recordingSystem();
    pinNamespaces(
      system,
      { network: join(work, "net/p1"), uts: join(work, "uts/p1") },
      { hostname: "pod-a" },
    );
    expect(system.calls.map(({ name }) => name)).toEqual([
      "unshare",
      "raiseLoopback",
      "sethostname",
      "mount",
      "mount",
      "setns",
      "setns",
    ]);
    expect(system.calls[0]?.args).toEqual([0x40000000 | 0x4000000]);
    expect(existsSync(join(work, "net/p1"))).toBe(true);
  });

  it.each(["unshare", "raiseLoopback", "mount"])(
    "leaves nothing when %s fails, and still goes home",
    (name) => {
      const system = recordingSystem({ fail: { name, errno: "EPERM" } });
      expect(() => pinNamespaces(system, { network: join(work, "net/p1") })).toThrow(
        `Cannot ${name}: EPERM`,
      );
      expect(readdirSync(join(work, "net"))).toEqual([]);
      expect(system.calls.at(-1)?.name).toBe("setns");
    },
  );

  it("ends the process when it cannot go home, and has tried every namespace by then", () => {
    const system = recordingSystem({ fail: { name: "setns", errno: "EPERM" } });
    const paths = { network: join(work, "net/p1"), uts: join(work, "uts/p1") };
    expect(() => pinNamespaces(system, paths)).toThrow(ProcessAborted);
    expect(system.calls.slice(-3)).toMatchObject([
      { name: "setns" },
      { name: "setns" },
      { name: "abort", args: ["Cannot return from a pod's namespaces: Cannot setns: EPERM"] },
    ]);
  });

  it.each([
    ["kernel.panic", 'Cannot set sysctl "kernel.panic": it does not belong to a namespace'],
    ["vm.swappiness", 'Cannot set sysctl "vm.swappiness": it does not belong to a namespace'],
    ["kernel.msgmax", 'Cannot set sysctl "kernel.msgmax": the pod has no ipc namespace of its own'],
    ["net/../kernel/panic", 'Cannot set sysctl "net/../kernel/panic": that is not a name'],
    ["net..x", 'Cannot set sysctl "net..x": that is not a name'],
    ["net.a b", 'Cannot set sysctl "net.a b": that is not a name'],
  ])("refuses sysctl %s before anything is made", (name, message) => {
    const system = recordingSystem();
    expect(() =>
      pinNamespaces(system, { network: join(work, "net/p1") }, { sysctls: { [name]: "1" } }),
    ).toThrow(message);
    expect(system.calls).toEqual([]);
  });
});
