// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  type FlyVolume,
  flyEnvironment,
  planFlyMounts,
} from "../../../../../runtime/stage1/fly/plan.ts";
import { mountOf } from "../../../../../runtime/stage1/mount-namespace.ts";
import { overlayOptions } from "../../../../../runtime/stage1/overlay.ts";

const volume = (name: string, target: string): FlyVolume => ({
  name,
  source: `/host/${name}`,
  target,
  recursive: true,
  readOnly: false,
  propagation: "slave",
});
const targets = (volumes: readonly FlyVolume[], resolvConf?: string) =>
  planFlyMounts({ volumes, resolvConf, hosts: undefined }).map(({ target }) => target);

describe("planFlyMounts()", () => {
  it("is the host's API file systems, a /tmp, the volumes by depth, and the resolver's files", () => {
    expect(targets([volume("c", "/certs/b"), volume("p", "/certs")], "/etc/resolv.conf")).toEqual([
      "/dev",
      "/proc",
      "/sys",
      "/tmp",
      "/certs",
      "/certs/b",
      "/etc/resolv.conf",
    ]);
  });

  it("leaves the place of a default to a volume", () => {
    const mounts = planFlyMounts({
      volumes: [volume("t", "/tmp"), volume("r", "/etc/resolv.conf")],
      resolvConf: "/x",
      hosts: "/y",
    });
    expect(mounts.filter(({ target }) => target === "/tmp" || target.startsWith("/etc"))).toEqual([
      expect.objectContaining({ what: 'volume "t"', target: "/tmp" }),
      expect.objectContaining({ what: 'volume "r"', target: "/etc/resolv.conf" }),
      expect.objectContaining({ source: "/y", target: "/etc/hosts" }),
    ]);
  });
});

describe("flyEnvironment()", () => {
  it("has rkt's defaults below the app's own variables", () => {
    const user = { uid: 0, gid: 0, gids: [], home: "/root", name: "root", shell: "/bin/sh" };
    expect(flyEnvironment([{ name: "HOME", value: "/x" }], user, "/bin")).toEqual({
      PATH: "/bin",
      SHELL: "/bin/sh",
      USER: "root",
      LOGNAME: "root",
      HOME: "/x",
    });
  });
});

describe("mountOf()", () => {
  const mountinfo = [
    "27 1 254:0 / / rw shared:1 - ext4 /dev/vda rw",
    "30 27 0:30 / /var/lib rw - tmpfs t rw",
    "31 27 0:31 / /var/lib rw shared:7 master:1 - tmpfs t rw",
    "32 27 0:32 / /with\\040blank rw - tmpfs t rw",
    "",
  ].join("\n");

  it("finds the topmost mount of the longest mount point", () => {
    expect(mountOf(mountinfo, "/var/lib/kubelet")).toEqual({
      mountPoint: "/var/lib",
      shared: true,
    });
    expect(mountOf(mountinfo, "/var/library")).toEqual({ mountPoint: "/", shared: true });
    expect(mountOf(mountinfo, "/with blank/x")).toEqual({
      mountPoint: "/with blank",
      shared: false,
    });
  });
});

describe("overlayOptions()", () => {
  it("escapes what overlayfs reads as separators", () => {
    expect(overlayOptions({ upper: "/u,1", work: "/w" }, ["/a:b", "/c,d"])).toBe(
      "lowerdir=/a\\:b:/c\\,d,upperdir=/u\\,1,workdir=/w",
    );
  });
});
