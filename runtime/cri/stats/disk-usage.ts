// SPDX-License-Identifier: Apache-2.0
// How much containers have written into their own layers. Walking a tree is slow, so answers are from memory and refreshed
// one tree at a time, behind the answer.
import { join } from "node:path";
import type { System } from "../../system/system.ts";

export interface DiskUsage {
  readonly usedBytes: bigint;
  readonly inodes: bigint;
  readonly measuredAtMs: number;
}

/** The kubelet asks every ten seconds. */
const MAX_AGE_MS = 10_000;
/** What a first question waits for its answer at most. */
const FIRST_WAIT_MS = 500;
const BLOCK_BYTES = 512n;

export class DiskUsageCache {
  readonly #system: Pick<System, "files" | "clock">;
  readonly #known = new Map<string, DiskUsage>();
  readonly #measuring = new Map<string, Promise<void>>();
  /** One walk at a time: on a slow disk many would only slow each other down. */
  #queue: Promise<void> = Promise.resolve();

  constructor(system: Pick<System, "files" | "clock">) {
    this.#system = system;
  }

  /** The last measurement of `directory`; undefined when there is none yet. */
  async usage(key: string, directory: string): Promise<DiskUsage | undefined> {
    const known = this.#known.get(key);
    const { clock } = this.#system;
    if (known !== undefined && clock.now() - known.measuredAtMs < MAX_AGE_MS) {
      return known;
    }
    const measuring = this.#measure(key, directory);
    if (known === undefined) {
      const waiting = new AbortController();
      await Promise.race([
        measuring,
        clock.sleep(FIRST_WAIT_MS, { signal: waiting.signal }).catch(() => {}), // given up below
      ]);
      waiting.abort();
    }
    return this.#known.get(key);
  }

  /** Also what is being measured now: it will not be kept. */
  forget(key: string): void {
    this.#known.delete(key);
    this.#measuring.delete(key);
  }

  #measure(key: string, directory: string): Promise<void> {
    const running = this.#measuring.get(key);
    if (running !== undefined) {
      return running;
    }
    const isWanted = () => this.#measuring.get(key) === measuring;
    const measuring: Promise<void> = this.#queue.then(async () => {
      try {
        const used = isWanted() ? await measureTree(this.#system, directory) : undefined;
        if (used !== undefined && isWanted()) {
          this.#known.set(key, { ...used, measuredAtMs: this.#system.clock.now() });
        }
      } catch {
        // The container is being removed: nothing to say.
      } finally {
        if (isWanted()) {
          this.#measuring.delete(key);
        }
      }
    });
    this.#queue = measuring;
    this.#measuring.set(key, measuring);
    return measuring;
  }
}

/** Blocks and files at and below `directory`; hard links count once. What vanishes meanwhile is left out. */
export async function measureTree(
  system: Pick<System, "files">,
  directory: string,
): Promise<{ readonly usedBytes: bigint; readonly inodes: bigint }> {
  const { files } = system;
  const linked = new Set<string>();
  let usedBytes = 0n;
  let inodes = 0n;
  const pending = [directory];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    // Containers remove files while we count.
    const stat = await files.lstat(path).catch(() => undefined);
    if (stat === undefined) {
      continue;
    }
    if (stat.nlink > 1 && !stat.isDirectory()) {
      const key = `${stat.dev}:${stat.ino}`;
      if (linked.has(key)) {
        continue;
      }
      linked.add(key);
    }
    usedBytes += BigInt(stat.blocks) * BLOCK_BYTES;
    inodes += 1n;
    if (stat.isDirectory()) {
      // Removed since it was looked at.
      for (const name of await files.listNames(path).catch(() => [])) {
        pending.push(join(path, name));
      }
    }
  }
  return { usedBytes, inodes };
}
