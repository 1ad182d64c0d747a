// SPDX-License-Identifier: Apache-2.0
// The rendered trees of the store: made in a temporary directory, moved to their place when they are whole, removed when no
// image names them any more and nothing on the machine has them mounted.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import * as json from "../image/json.ts";
import { LOCK_EX, LOCK_NB } from "../system/constants.ts";
import { isMissing } from "../system/files.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";
import { RENDERED, ROOTFS, type StoreLayout } from "./layout.ts";
import { withLock } from "./lock.ts";
import { mountedTrees } from "./mounted-trees.ts";

export interface TreeFacts {
  readonly bytes: number;
  readonly inodes: number;
}

/** A directory that only its maker knows, gone when the maker is. */
export interface TemporaryTree {
  readonly path: string;
  readonly rootfs: string;
}

/** The name of a tree below the data directory: `layers/<chain id>` or `trees/<image id>`, each 64 hex digits. */
export type TreeName = `layers/${string}` | `trees/${string}`;

export class Trees {
  readonly #dataDir: string;
  readonly #layout: StoreLayout;
  readonly #system: System;

  constructor(dataDir: string, layout: StoreLayout, system: System) {
    this.#dataDir = dataDir;
    this.#layout = layout;
    this.#system = system;
  }

  rootfs(name: string): string {
    return join(this.#dataDir, name, ROOTFS);
  }

  /** undefined when the tree is not there. */
  facts(name: string): TreeFacts | undefined {
    const path = join(this.#dataDir, name, RENDERED);
    const text = this.#system.files.findTextSync(path);
    if (text === undefined) {
      return undefined;
    }
    const place = json.parseJson(text, `"${path}"`);
    const count = (field: string) =>
      json.integer(json.field(place, field), { min: 0, max: Number.MAX_SAFE_INTEGER });
    return { bytes: count("bytes"), inodes: count("inodes") };
  }

  names(): readonly TreeName[] {
    const { files } = this.#system;
    return [
      ...files.listNamesSync(this.#layout.layers).map((name) => `layers/${name}` as const),
      ...files.listNamesSync(this.#layout.trees).map((name) => `trees/${name}` as const),
    ];
  }

  /**
   * A directory locked by a descriptor of this process: when that ends, however it ends, the next one to open the store
   * removes the directory. Removed at the end of `act` too, unless `commit` has moved it.
   */
  async withTemporary<T>(act: (temporary: TemporaryTree) => Promise<T>): Promise<T> {
    const { files, kernel } = this.#system;
    const path = join(this.#layout.temporary, randomBytes(12).toString("hex"));
    const fd = await withLock(this.#layout.lock, "exclusive", this.#system, async () => {
      files.mkdirSync(path, { mode: 0o700 });
      const opened = files.openSync(path, "r");
      kernel.flock(opened, LOCK_EX | LOCK_NB);
      return opened;
    });
    try {
      files.mkdirSync(join(path, ROOTFS), { mode: 0o755 });
      return await act({ path, rootfs: join(path, ROOTFS) });
    } finally {
      try {
        await files.removeBytes(Buffer.from(path));
      } finally {
        files.closeSync(fd);
      }
    }
  }

  /** Makes a finished temporary tree last and gives it its name. Another process may have been faster: then its tree stays. */
  async commit(temporary: TemporaryTree, name: TreeName, facts: TreeFacts): Promise<void> {
    const { files, kernel } = this.#system;
    files.writeFileSync(join(temporary.path, RENDERED), `${JSON.stringify(facts)}\n`);
    const fd = files.openSync(temporary.path, "r");
    try {
      kernel.syncfs(fd);
    } finally {
      files.closeSync(fd);
    }
    const target = join(this.#dataDir, name);
    try {
      files.renameSync(temporary.path, target);
    } catch (cause) {
      const isThere = ["ENOTEMPTY", "EEXIST"].includes(errnoOf(cause));
      if (!isThere || this.facts(name) === undefined) {
        throw cause;
      }
    }
    files.fsyncDirSync(join(target, ".."));
  }

  /** Removes what ended processes left. */
  async cleanTemporary(): Promise<void> {
    const { files, kernel } = this.#system;
    await withLock(this.#layout.lock, "exclusive", this.#system, async () => {
      for (const name of files.listNamesSync(this.#layout.temporary)) {
        const path = join(this.#layout.temporary, name);
        const fd = openIfThere(path, this.#system);
        try {
          if (fd !== undefined && kernel.flock(fd, LOCK_EX | LOCK_NB)) {
            await files.removeBytes(Buffer.from(path));
          }
        } finally {
          if (fd !== undefined) {
            files.closeSync(fd);
          }
        }
      }
    });
  }

  /**
   * Since it was committed; for ever when it was released. One from the future, by a clock that was set back, is as old as it is
   * early: it must not stay for ever.
   */
  ageMs(name: TreeName): number {
    const stats = this.#system.files.statSync(join(this.#dataDir, name, RENDERED), {
      throwIfNoEntry: false,
    });
    return Math.abs(this.#system.clock.now() - (stats?.mtimeMs ?? 0));
  }

  /** An image that had it is gone: makes it as old as can be. Nothing when somebody has just removed it. */
  release(name: string): void {
    try {
      this.#system.files.utimesSync(join(this.#dataDir, name, RENDERED), 0, 0);
    } catch (cause) {
      if (!isMissing(cause)) {
        throw cause;
      }
    }
  }

  /** Trees that are mounted somewhere stay until the next time. The caller holds the fetch lock exclusively. */
  async remove(isUnwanted: (name: TreeName) => boolean): Promise<readonly string[]> {
    const unwanted = this.names().filter(isUnwanted);
    if (unwanted.length === 0) {
      return [];
    }
    const mounted = mountedTrees(this.#system);
    const removable = unwanted.filter((name) => !mounted.has(name));
    for (const name of removable) {
      // Out of sight in one step first: a half removed tree must not look whole.
      const doomed = join(this.#layout.temporary, randomBytes(12).toString("hex"));
      this.#system.files.renameSync(join(this.#dataDir, name), doomed);
      await this.#system.files.removeBytes(Buffer.from(doomed));
    }
    return removable;
  }
}

function openIfThere(path: string, system: System): number | undefined {
  try {
    return system.files.openSync(path, "r");
  } catch (cause) {
    if (isMissing(cause)) {
      return undefined;
    }
    throw cause;
  }
}
