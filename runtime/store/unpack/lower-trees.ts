// SPDX-License-Identifier: Apache-2.0
// The trees under the one that is being unpacked, seen as overlayfs will show them.
import type { Stats } from "../../system/files.ts";
import type { System } from "../../system/system.ts";

export interface Lower {
  readonly path: Buffer;
  readonly stats: Stats;
}

/** A path for node:fs from a byte string. */
export function pathBytes(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

/** A path of ours (text) and a path of the archive (byte string) below it. */
export function joinBytes(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`, "utf8"), pathBytes(path)]);
}

/** Both paths begin at the tree's root. */
export function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

export class LowerTrees {
  readonly #roots: readonly string[];
  readonly #system: System;
  /** Directories of the tree that is being unpacked under which these do not show; "" is its root. */
  readonly #hidden = new Set<string>();

  /** Topmost first. */
  constructor(roots: readonly string[], system: System) {
    this.#roots = roots;
    this.#system = system;
  }

  /** `path` has no symlinks before its last part. */
  find(path: string): Lower | undefined {
    return this.#isHidden(path) ? undefined : this.#findUnhidden(path);
  }

  /** From now on nothing of this directory shows: the tree that is being unpacked has an opaque one there. */
  hideBelow(directory: string): void {
    this.#hidden.add(directory);
  }

  /** What was hidden at a path and below it is so no longer: its opaque directory is gone. */
  showAgain(path: string): void {
    for (const hidden of [...this.#hidden].filter((each) => isAtOrBelow(each, path))) {
      this.#hidden.delete(hidden);
    }
  }

  get isRootHidden(): boolean {
    return this.#hidden.has("");
  }

  /** What the root has, hidden or not. */
  rootNames(): readonly string[] {
    const names = this.#roots.flatMap((root) =>
      this.#system.files.readdirSync(root, { encoding: "latin1" }),
    );
    return [...new Set(names)].filter((name) => this.#findUnhidden(name) !== undefined);
  }

  #isHidden(path: string): boolean {
    if (this.#hidden.size === 0 || this.isRootHidden) {
      return this.#hidden.size > 0;
    }
    const parts = path.split("/");
    return parts.some((_, depth) => this.#hidden.has(parts.slice(0, depth + 1).join("/")));
  }

  #findUnhidden(path: string): Lower | undefined {
    for (const root of this.#roots) {
      const found = this.#findIn(root, path);
      if (found !== "below") {
        return found;
      }
    }
    return undefined;
  }

  /** "below": this tree says nothing about the path, the next one counts. */
  #findIn(root: string, path: string): Lower | undefined | "below" {
    const { files, kernel } = this.#system;
    const parts = path.split("/");
    let isOpaque = false;
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const at = joinBytes(root, parts.slice(0, depth).join("/"));
      const stats = files.lstatSync(at, { throwIfNoEntry: false });
      if (stats === undefined) {
        return isOpaque ? undefined : "below";
      }
      if (isWhiteout(stats) || (depth < parts.length && !stats.isDirectory())) {
        return undefined;
      }
      if (depth === parts.length) {
        return { path: at, stats };
      }
      isOpaque ||= kernel.lgetxattr(at, "trusted.overlay.opaque") !== undefined;
    }
    return undefined;
  }
}

/** How overlayfs writes that a name is gone: a character device 0/0. Archives cannot bring such devices. */
export function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}
