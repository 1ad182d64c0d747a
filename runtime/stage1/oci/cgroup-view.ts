// SPDX-License-Identifier: Apache-2.0
// crun 1.8 refuses a host that has cgroup version 1 and an empty `unified` mount beside it (hybrid). There it is started
// in a mount namespace in which that mount is gone; everywhere else this file does nothing.
import { CLONE_NEWNS, MNT_DETACH, MS_PRIVATE } from "../../system/constants.ts";
import { MountHome } from "../../system/mount-home.ts";
import type { System } from "../../system/system.ts";
import type { CgroupLayout } from "./host-facts.ts";

const CGROUP_ROOT = "/sys/fs/cgroup";

/** Runs `start` so that the programs it spawns see a cgroup tree that crun accepts. `start` must spawn synchronously. */
export type CgroupView = <T>(start: () => T) => T;

/** The view for this host. Its work is synchronous and on the main thread, whose namespace is the children's. */
export function cgroupView(system: System, layout: CgroupLayout): CgroupView {
  return layout === "hybrid" ? (start) => inView(system, start) : (start) => start();
}

/** Enters the view for good: for a process that is about to exec crun. */
export function enterCgroupView(system: System, layout: CgroupLayout): void {
  if (layout !== "hybrid") {
    return;
  }
  system.kernel.unshare(CLONE_NEWNS);
  // Otherwise, with shared mounts, the host would lose its `unified` too. All other mounts keep their propagation.
  system.kernel.mount("none", CGROUP_ROOT, "none", MS_PRIVATE);
  system.kernel.umount(`${CGROUP_ROOT}/unified`, MNT_DETACH);
}

function inView<T>(system: System, start: () => T): T {
  const home = new MountHome(system);
  try {
    enterCgroupView(system, "hybrid");
    return start();
  } finally {
    home.return();
    home.close();
  }
}
