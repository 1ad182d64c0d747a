// SPDX-License-Identifier: Apache-2.0
// What an image may cost a node. Archives come from outside: a few kilobytes of them can describe petabytes.
import { InvalidArchiveError } from "../../errors.ts";

export interface UnpackLimits {
  /** Entries of one archive. */
  readonly maxEntries: number;
  /** Paths of all directories of one archive, which are kept in memory until its end. */
  readonly maxPathBytes: number;
  /** Content of all files of one archive. */
  readonly maxBytes: number;
  /** How much more may come out of a decompressor than went in, once more than `ratioFloorBytes` came out. */
  readonly maxRatio: number;
  readonly ratioFloorBytes: number;
}

export const DEFAULT_LIMITS: UnpackLimits = {
  maxEntries: 2_000_000,
  maxPathBytes: 256 * 1024 ** 2,
  maxBytes: 64 * 1024 ** 3,
  maxRatio: 200,
  ratioFloorBytes: 1024 ** 3,
};

/** Counts one archive against its limits; throws InvalidArchiveError when it is too much. */
export class Budget {
  readonly #limits: UnpackLimits;
  #entries = 0;
  #bytes = 0;
  #pathBytes = 0;

  constructor(limits: UnpackLimits) {
    this.#limits = limits;
  }

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Called with the size that an entry states, before anything of it is written. */
  spend(sizeBytes: number): void {
    this.#entries += 1;
    this.#bytes += sizeBytes;
    if (this.#entries > this.#limits.maxEntries) {
      throw new InvalidArchiveError(
        `Cannot unpack image: it has more than ${this.#limits.maxEntries} entries`,
      );
    }
    if (this.#bytes > this.#limits.maxBytes) {
      throw new InvalidArchiveError(
        `Cannot unpack image: its files have more than the ${this.#limits.maxBytes} bytes that are allowed or free`,
      );
    }
  }

  /** Called for each path that is kept, before it is. */
  spendPath(path: string): void {
    this.#pathBytes += path.length;
    if (this.#pathBytes > this.#limits.maxPathBytes) {
      throw new InvalidArchiveError(
        `Cannot unpack image: the paths of its directories have more than ${this.#limits.maxPathBytes} bytes`,
      );
    }
  }
}
