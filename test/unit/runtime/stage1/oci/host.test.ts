// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { cgroupView, enterCgroupView } from "../../../../../runtime/stage1/oci/cgroup-view.ts";
import { hostDevices, readHostFacts } from "../../../../../runtime/stage1/oci/host-facts.ts";
import { CLONE_NEWNS, MNT_DETACH, MS_PRIVATE } from "../../../../../runtime/system/constants.ts";
import { recordingSystem } from "../../../../../runtime/system/fake/recording-system.ts";
import { linuxSystem } from "../../../../../runtime/system/linux.ts";

describe("cgroupView()", () => {
  it("does nothing where crun accepts the host's cgroups", () => {
    const system = recordingSystem();
    expect(cgroupView(system, "v2")(() => 42)).toBe(42);
    enterCgroupView(system, "v1");
    expect(system.calls).toEqual([]);
  });

  it("takes `unified` away from what is started on a hybrid host, and from nobody else", () => {
    const system = awaySystem();
    const before = process.cwd();
    cgroupView(system, "hybrid")(() => system.kernel.syncfs(0));
    expect(system.calls.map(({ name }) => name)).toEqual([
      "unshare",
      "mount",
      "umount",
      "syncfs",
      "setns",
      "chroot",
    ]);
    expect(system.calls[0]?.args).toEqual([CLONE_NEWNS]);
    expect(system.calls[1]?.args).toEqual(["none", "/sys/fs/cgroup", "none", MS_PRIVATE]);
    expect(system.calls[2]?.args).toEqual(["/sys/fs/cgroup/unified", MNT_DETACH]);
    expect(process.cwd()).toBe(before);
  });

  it("goes home when the start fails", () => {
    const system = awaySystem();
    const start = () => {
      throw new Error("no such program");
    };
    expect(() => cgroupView(system, "hybrid")(start)).toThrow("no such program");
    expect(system.calls.slice(-2).map(({ name }) => name)).toEqual(["setns", "chroot"]);
  });
});

/** As if unshare had worked: home is another namespace than the one the thread is in. */
function awaySystem() {
  const { files } = linuxSystem();
  const fstatSync = ((fd: number) => ({
    ...files.fstatSync(fd),
    ino: 0,
  })) as typeof files.fstatSync;
  return recordingSystem({ files: { fstatSync } });
}

describe("readHostFacts()", () => {
  it("reads this host", async () => {
    const facts = await readHostFacts(linuxSystem());
    expect(["v1", "v2", "hybrid"]).toContain(facts.cgroupLayout);
    expect(facts.cgroupControllers).not.toContain("unified");
    expect(Number.isInteger(facts.oomScoreAdj)).toBe(true);
    expect(facts.kernelRelease).toMatch(/^\d+\.\d+/);
  });
});

describe("hostDevices()", () => {
  it("has /dev/null and no terminals of sessions", () => {
    const devices = hostDevices(linuxSystem());
    expect(devices.find(({ path }) => path === "/dev/null")).toEqual({
      path: "/dev/null",
      type: "c",
      major: 1,
      minor: 3,
      mode: 0o666,
      uid: 0,
      gid: 0,
      access: "rwm",
    });
    expect(devices.filter(({ path }) => path.startsWith("/dev/pts/"))).toEqual([]);
  });
});
