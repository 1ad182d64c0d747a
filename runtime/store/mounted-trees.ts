// SPDX-License-Identifier: Apache-2.0
// Which trees of the store are mounted, in any mount namespace of the machine: what the kernel says, not what we remember.
import { isMissing } from "../system/files.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";

const TREE = /(?:layers|trees)\/([0-9a-f]{64})/g;
/** The source of an overlay whose layers have no names in its options, as stage1/overlay.ts writes it: the beginning of each. */
const SHORT_NAMES = / overlay layers:([0-9a-f]+) /g;
const SHORT_NAME = /.{8}/g;

export class MountedTrees {
  readonly #ids = new Set<string>();
  readonly #shortIds = new Set<string>();

  /** A tree used without overlay shows as the root of a bind mount or as a process's root. */
  note(text: string): void {
    for (const [, id = ""] of text.matchAll(TREE)) {
      this.#ids.add(id);
    }
    for (const [, names = ""] of text.matchAll(SHORT_NAMES)) {
      for (const [id] of names.matchAll(SHORT_NAME)) {
        this.#shortIds.add(id);
      }
    }
  }

  /** By `layers/<hex>` or `trees/<hex>`. True also for the rare tree whose name begins as that of a mounted one. */
  has(name: string): boolean {
    const id = name.slice(name.indexOf("/") + 1);
    return this.#ids.has(id) || this.#shortIds.has(id.slice(0, 8));
  }
}

/** Looks at all processes. */
export function mountedTrees(system: System): MountedTrees {
  const { files } = system;
  const seen = new Set<string>();
  const found = new MountedTrees();
  for (const pid of files.listNamesSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      found.note(files.readlinkSync(`/proc/${pid}/root`));
      const namespace = files.readlinkSync(`/proc/${pid}/ns/mnt`);
      if (!seen.has(namespace)) {
        seen.add(namespace);
        found.note(files.readTextSync(`/proc/${pid}/mountinfo`));
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
