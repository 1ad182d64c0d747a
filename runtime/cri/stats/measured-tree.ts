// SPDX-License-Identifier: Apache-2.0
// What a tree takes on its disk, though a container fills and changes it meanwhile: names are bytes, not text, a tree may be deeper
// than a path may be long, and a directory may become a link between two looks. So paths start at open directories, and a
// directory that was opened must be the one that was found.

import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from "../../system/constants.ts";
import type { Stats } from "../../system/files.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";

export interface MeasuredTree {
  readonly usedBytes: bigint;
  readonly inodes: bigint;
  /** Why there is more than that; the first reason of perhaps several. */
  readonly problem: string | undefined;
}

type Files = System["files"];
type Handle = Awaited<ReturnType<Files["open"]>>;

const BLOCK_BYTES = 512n;
/** As a path with a name behind it must stay below PATH_MAX, 4096 bytes. */
const MAX_PARENT_BYTES = 3700;
const NAMES_AT_A_TIME = 256;

/** One byte, one character. */
const ENCODING = "latin1";

/**
 * Blocks and files at and below `directory`, on its own file system; hard links count once. What vanishes meanwhile is left out.
 * Counts no more than `maxEntries` files.
 */
export async function measureTree(
  system: Pick<System, "files">,
  directory: string,
  maxEntries: number,
): Promise<MeasuredTree> {
  const count = new Count(system.files, maxEntries);
  await count.tree(directory);
  return { usedBytes: count.usedBytes, inodes: count.inodes, problem: count.problem };
}

/** A directory that was found and is not counted yet. */
interface Found {
  readonly parent: Found | undefined;
  readonly name: string;
  /** Of the path from the open directory where the parents begin. */
  readonly pathBytes: number;
  readonly ino: number;
}

class Count {
  usedBytes = 0n;
  inodes = 0n;
  problem: string | undefined;
  readonly #files: Files;
  readonly #maxEntries: number;
  readonly #linked = new Set<number>();
  #dev = 0;
  #isFull = false;

  constructor(files: Files, maxEntries: number) {
    this.#files = files;
    this.#maxEntries = maxEntries;
  }

  async tree(directory: string): Promise<void> {
    await this.#within(directory, O_RDONLY | O_DIRECTORY, async (top, stat) => {
      this.#dev = stat.dev;
      this.#add(stat);
      await this.#below(top);
    });
  }

  async #below(top: Handle): Promise<void> {
    const pending: Found[] = [];
    await this.#list(top, undefined, pending);
    for (let next = pending.pop(); next !== undefined && !this.#isFull; next = pending.pop()) {
      await this.#enter(top, next, pending);
    }
  }

  async #enter(top: Handle, found: Found, pending: Found[]): Promise<void> {
    const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    await this.#within(inside(top, pathOf(found)), flags, async (handle, { dev, ino }) => {
      if (dev !== this.#dev || ino !== found.ino) {
        return; // something else is there by now
      }
      if (found.pathBytes > MAX_PARENT_BYTES) {
        await this.#below(handle);
      } else {
        await this.#list(handle, found, pending);
      }
    });
  }

  async #within(
    path: string | Buffer,
    flags: number,
    count: (handle: Handle, stat: Stats) => Promise<void>,
  ): Promise<void> {
    await this.#try(async () => {
      const handle = await this.#files.open(path, flags);
      try {
        await count(handle, await handle.stat());
      } finally {
        await handle.close();
      }
    });
  }

  async #list(handle: Handle, parent: Found | undefined, pending: Found[]): Promise<void> {
    await this.#try(async () => {
      const entries = await this.#files.opendir(`/proc/self/fd/${handle.fd}`, {
        encoding: ENCODING,
        bufferSize: NAMES_AT_A_TIME,
      });
      for await (const { name } of entries) {
        if (this.#isFull) {
          return;
        }
        const stat = await this.#try(() => this.#files.lstat(inside(handle, name)));
        if (stat !== undefined && this.#add(stat) && stat.isDirectory()) {
          const pathBytes = (parent?.pathBytes ?? 0) + 1 + name.length;
          pending.push({ parent, name, pathBytes, ino: stat.ino });
        }
      }
    });
  }

  /** Whether it counts. */
  #add(stat: Stats): boolean {
    if (stat.dev !== this.#dev) {
      return false;
    }
    if (stat.nlink > 1 && !stat.isDirectory()) {
      if (this.#linked.has(stat.ino)) {
        return false;
      }
      this.#linked.add(stat.ino);
    }
    if (this.inodes >= this.#maxEntries) {
      this.#isFull = true;
      this.problem = `it has more than ${this.#maxEntries} files`;
      return false;
    }
    this.usedBytes += BigInt(stat.blocks) * BLOCK_BYTES;
    this.inodes += 1n;
    return true;
  }

  /** Containers remove files while we count. Whatever else cannot be read is left out, and said. */
  async #try<Result>(look: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await look();
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== "ENOENT" && errno !== "ENOTDIR" && errno !== "ELOOP") {
        this.problem ??= error instanceof Error ? error.message : String(error);
      }
      return undefined;
    }
  }
}

function inside(handle: Handle, path: string): Buffer {
  return Buffer.from(`/proc/self/fd/${handle.fd}/${path}`, ENCODING);
}

function pathOf(found: Found): string {
  const names = [found.name];
  for (let each = found.parent; each !== undefined; each = each.parent) {
    names.push(each.name);
  }
  return names.reverse().join("/");
}
