// SPDX-License-Identifier: Apache-2.0
// What a config.json depends on besides the app: read once at start, so that ociSpec() stays a pure function.
import { arch, release } from "node:os";
import { UnsupportedError } from "../../errors.ts";
import { splitDevice } from "../../system/constants.ts";
import { isMissing, type Stats } from "../../system/files.ts";
import type { System } from "../../system/system.ts";
import type { AppDevice } from "../app-plan.ts";
import { capabilitiesOfMask } from "../capabilities.ts";

/** `hybrid` is version 1 with an additional, empty `unified` mount, which crun 1.8 refuses as it is. */
export type CgroupLayout = "v2" | "v1" | "hybrid";

export interface HostFacts {
  readonly cgroupLayout: CgroupLayout;
  /** "systemd" where PID 1 is systemd, else "cgroupfs". Also what CRI's RuntimeConfig answers. */
  readonly cgroupDriver: "systemd" | "cgroupfs";
  /** Controllers that can be used, for example "cpu", "memory", "hugetlb". */
  readonly cgroupControllers: readonly string[];
  /** Whether swap can be limited (memory.memsw files on v1, memory.swap.max on v2). */
  readonly swapAccounting: boolean;
  /** What corefly itself may do: an app cannot be given more. */
  readonly capabilities: readonly string[];
  /** Our own oom_score_adj: without CAP_SYS_RESOURCE no app's can be lower. */
  readonly oomScoreAdj: number;
  readonly architecture: "amd64" | "arm64";
  readonly kernelRelease: string;
  /** Device nodes under /dev, for privileged apps. */
  readonly devices: readonly AppDevice[];
  readonly apparmor: boolean;
  readonly selinux: boolean;
}

const CGROUP_ROOT = "/sys/fs/cgroup";

/** Below /dev, but not devices of the host: terminals and shared memory of sessions, and what container managers leave there. */
const NOT_DEVICES = new Set([
  "pts",
  "shm",
  "fd",
  "mqueue",
  "console",
  ".lxc",
  ".lxd-mounts",
  ".udev",
]);

/** Reads the facts of this host. */
export async function readHostFacts(system: System): Promise<HostFacts> {
  const { files } = system;
  const cgroupLayout = await readLayout(system);
  const status = await files.readText("/proc/self/status");
  return {
    cgroupLayout,
    cgroupDriver: (await files.exists("/run/systemd/system")) ? "systemd" : "cgroupfs",
    cgroupControllers: await readControllers(system, cgroupLayout),
    swapAccounting: await countsSwap(system, cgroupLayout),
    capabilities: capabilitiesOfMask(/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"),
    oomScoreAdj: Number(await files.readText("/proc/self/oom_score_adj")),
    architecture: readArchitecture(),
    kernelRelease: release(),
    devices: hostDevices(system),
    apparmor:
      (await files.findText("/sys/module/apparmor/parameters/enabled"))?.startsWith("Y") ?? false,
    selinux: await files.exists("/sys/fs/selinux/enforce"),
  };
}

/** The device nodes of the host now: they come and go, so read again for each privileged app. */
export function hostDevices(system: System): readonly AppDevice[] {
  const { files } = system;
  const below = (directory: string): readonly AppDevice[] =>
    files.readDirSync(directory).flatMap((entry) => {
      const path = `${directory}/${entry.name}`;
      if (directory === "/dev" && NOT_DEVICES.has(entry.name)) {
        return [];
      }
      if (entry.isDirectory()) {
        return below(path);
      }
      if (!entry.isCharacterDevice() && !entry.isBlockDevice()) {
        return [];
      }
      try {
        return [deviceOf(path, files.statSync(path))];
      } catch (error) {
        if (isMissing(error)) {
          return []; // unplugged meanwhile
        }
        throw error;
      }
    });
  return below("/dev");
}

/** A device node as an app gets it; `access` as in CRI ("rwm"). */
export function deviceOf(path: string, stats: Stats, access = "rwm"): AppDevice {
  return {
    path,
    type: stats.isBlockDevice() ? "b" : "c",
    ...splitDevice(stats.rdev),
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    access,
  };
}

async function readLayout(system: System): Promise<CgroupLayout> {
  const { files } = system;
  if (await files.exists(`${CGROUP_ROOT}/cgroup.controllers`)) {
    return "v2";
  }
  return (await files.exists(`${CGROUP_ROOT}/unified/cgroup.controllers`)) ? "hybrid" : "v1";
}

async function readControllers(system: System, layout: CgroupLayout): Promise<readonly string[]> {
  return layout === "v2"
    ? (await system.files.readText(`${CGROUP_ROOT}/cgroup.controllers`)).trim().split(/\s+/)
    : (await system.files.listNames(CGROUP_ROOT)).filter((name) => name !== "unified");
}

async function countsSwap(system: System, layout: CgroupLayout): Promise<boolean> {
  const { files } = system;
  if (layout !== "v2") {
    return await files.exists(`${CGROUP_ROOT}/memory/memory.memsw.limit_in_bytes`);
  }
  // The root cgroup has no limits; any other that counts memory will do.
  for (const entry of await files.readDir(CGROUP_ROOT)) {
    if (
      entry.isDirectory() &&
      (await files.exists(`${CGROUP_ROOT}/${entry.name}/memory.swap.max`))
    ) {
      return true;
    }
  }
  return false;
}

function readArchitecture(): "amd64" | "arm64" {
  switch (arch()) {
    case "x64":
      return "amd64";
    case "arm64":
      return "arm64";
    default:
      throw new UnsupportedError(`Cannot run on architecture "${arch()}": expected x64 or arm64`);
  }
}
