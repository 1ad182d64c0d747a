// SPDX-License-Identifier: Apache-2.0
// Takes away what is mounted for pods and containers on the host.
import { MNT_DETACH } from "../../system/constants.ts";
import { mountPointsBelow } from "../../system/files.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";

/** Takes away every mount on a path; fine when there is none, or no such path. */
export function unmountAll(system: System, path: string): void {
  for (;;) {
    try {
      system.kernel.umount(path, MNT_DETACH);
    } catch (cause) {
      const errno = errnoOf(cause);
      if (errno === "EINVAL" || errno === "ENOENT") {
        return;
      }
      throw cause;
    }
  }
}

/** Takes away every mount at or below a directory, deepest first. */
export function unmountTree(system: System, directory: string): void {
  for (const target of mountPointsIn(directory)) {
    unmountAll(system, target);
  }
}

function mountPointsIn(directory: string): readonly string[] {
  try {
    return [...mountPointsBelow(directory)].sort((a, b) => b.length - a.length);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") {
      return [];
    }
    throw cause;
  }
}
