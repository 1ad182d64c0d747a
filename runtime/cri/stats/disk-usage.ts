// SPDX-License-Identifier: Apache-2.0
// How much containers have written into their own layers. Walking a tree is slow, so answers are from memory and refreshed
// one tree at a time, behind the answer.
import type { System } from "../../system/system.ts";
import type { Log } from "../log.ts";
import { measureTree } from "./measured-tree.ts";

export interface DiskUsage {
  readonly usedBytes: bigint;
  readonly inodes: bigint;
  readonly measuredAtMs: number;
}

/** The kubelet asks every ten seconds. */
const MAX_AGE_MS = 10_000;
/** What a first question waits for its answer at most. */
const FIRST_WAIT_MS = 500;
/** Half a minute of a quiet disk. Nothing keeps a container from making more files; then what was counted by then is told. */
const MAX_ENTRIES = 1_000_000;

export class DiskUsageCache {
  readonly #system: Pick<System, "files" | "clock">;
  readonly #known = new Map<string, DiskUsage>();
  readonly #log: Log;
  /** What was last said of a tree that could not be counted whole: it is said once. */
  readonly #problems = new Map<string, string>();
  readonly #measuring = new Map<string, Promise<void>>();
  /** One walk at a time: on a slow disk many would only slow each other down. */
  #queue: Promise<void> = Promise.resolve();

  constructor(system: Pick<System, "files" | "clock">, log: Log) {
    this.#system = system;
    this.#log = log;
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
    this.#problems.delete(key);
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
        if (isWanted()) {
          const { problem, ...used } = await measureTree(this.#system, directory, MAX_ENTRIES);
          if (isWanted()) {
            this.#known.set(key, { ...used, measuredAtMs: this.#system.clock.now() });
            this.#tell(key, problem);
          }
        }
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

  #tell(key: string, problem: string | undefined): void {
    if (problem !== undefined && this.#problems.get(key) !== problem) {
      this.#log.warn("A container has written more than is counted", { container: key, problem });
    }
    if (problem === undefined) {
      this.#problems.delete(key);
    } else {
      this.#problems.set(key, problem);
    }
  }
}
