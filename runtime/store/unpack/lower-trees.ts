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

export class LowerTrees {
  readonly #roots: readonly string[];
  readonly #system: System;

  /** Topmost first. */
  constructor(roots: readonly string[], system: System) {
    this.#roots = roots;
    this.#system = system;
  }

  /** `path` has no symlinks before its last part. */
  find(path: string): Lower | undefined {
    for (const root of this.#roots) {
      const found = this.#findIn(root, path);
      if (found !== "below") {
        return found;
      }
    }
    return undefined;
  }

  /** What can be seen at the root. */
  rootNames(): readonly string[] {
    const names = this.#roots.flatMap((root) =>
      this.#system.files.readdirSync(root, { encoding: "latin1" }),
    );
    return [...new Set(names)].filter((name) => this.find(name) !== undefined);
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
      const isWhiteout = stats.isCharacterDevice() && stats.rdev === 0;
      if (isWhiteout || (depth < parts.length && !stats.isDirectory())) {
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
