// SPDX-License-Identifier: Apache-2.0
import type { System } from "../../system/system.ts";

/**
 * A file of a cgroup, or undefined for whatever keeps it from being read: the cgroup may end at any moment (ENODEV), and kernels
 * refuse figures that they do not count (EOPNOTSUPP). Statistics of one container must not fail those of all others.
 */
export function cgroupText(
  system: Pick<System, "files">,
  path: string,
): Promise<string | undefined> {
  return system.files.findText(path).catch(() => undefined);
}
