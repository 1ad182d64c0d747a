// SPDX-License-Identifier: Apache-2.0
// Monitors live in a cgroup of their own: whoever kills the server's (systemd, with all that is in it) leaves them alone.
import { join } from "node:path";
import type { CgroupLayout } from "../stage1/oci/host-facts.ts";
import type { System } from "../system/system.ts";
import type { Log } from "./log.ts";

const NAME = "corefly-monitors";

/**
 * Hierarchies to move in: the whole of version 2; in version 1 the one by which systemd knows its units. A systemd that finds both
 * keeps its units in both, and kills by the second.
 */
const ROOTS: Readonly<Record<CgroupLayout, readonly string[]>> = {
  v2: ["/sys/fs/cgroup"],
  v1: ["/sys/fs/cgroup/systemd"],
  hybrid: ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"],
};

/** Moves a process there. A host that does not allow it is told of once: containers run all the same. */
export function monitorCgroup(
  system: System,
  layout: CgroupLayout,
  log: Log,
): (pid: number) => Promise<void> {
  const directories = ROOTS[layout].map((root) => join(root, NAME));
  let hasFailed = false;
  return async (pid) => {
    try {
      for (const directory of directories) {
        await system.files.mkdirp(directory);
        await system.files.writeFile(join(directory, "cgroup.procs"), String(pid));
      }
    } catch (error) {
      if (!hasFailed) {
        hasFailed = true;
        log.warn("Monitors stay in the cgroup of the CRI server", { error: String(error) });
      }
    }
  };
}
