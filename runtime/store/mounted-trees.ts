// SPDX-License-Identifier: Apache-2.0
// Which trees of the store are mounted, in any mount namespace of the machine: what the kernel says, not what we remember.
import { isMissing } from "../system/files.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";

const TREE = /(?:layers|trees)\/[0-9a-f]{64}/g;

/** Names as `layers/<hex>`. A tree used without overlay shows as the root of a bind mount or as a process's root. */
export function mountedTrees(system: System): ReadonlySet<string> {
  const { files } = system;
  const seen = new Set<string>();
  const found = new Set<string>();
  const note = (text: string) => {
    for (const [name] of text.matchAll(TREE)) {
      found.add(name);
    }
  };
  for (const pid of files.listNamesSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      note(files.readlinkSync(`/proc/${pid}/root`));
      const namespace = files.readlinkSync(`/proc/${pid}/ns/mnt`);
      if (!seen.has(namespace)) {
        seen.add(namespace);
        note(files.readTextSync(`/proc/${pid}/mountinfo`));
      }
    } catch (cause) {
      // The process has ended, or is a zombie, or is not ours to look at.
      if (!isMissing(cause) && !["EACCES", "EPERM", "ESRCH", "EINVAL"].includes(errnoOf(cause))) {
        throw cause;
      }
    }
  }
  return found;
}
