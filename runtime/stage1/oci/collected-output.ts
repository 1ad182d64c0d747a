// SPDX-License-Identifier: Apache-2.0
// What commands print that are waited for, kept in memory until they have ended. Containers choose what they print, and many
// may do so at once: all of them together have a limit too.
import type { Readable } from "node:stream";

/** What CRI clients take at most; more is dropped. */
export const MAX_EXEC_OUTPUT_BYTES = 16 * 1024 * 1024;
/** Of all commands together. Beyond it each keeps no more than its share: a probe's result needs less. */
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;
const SHARE_BYTES = 64 * 1024;

export class OutputBudget {
  readonly #maxTotalBytes: number;
  #bytes = 0;

  constructor(maxTotalBytes = MAX_TOTAL_BYTES) {
    this.#maxTotalBytes = maxTotalBytes;
  }

  /** How much more may be kept of one output that has `kept` bytes. */
  room(kept: number): number {
    const total = Math.max(this.#maxTotalBytes - this.#bytes, SHARE_BYTES - kept, 0);
    return Math.min(total, MAX_EXEC_OUTPUT_BYTES - kept);
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }
}

export interface CollectedOutput {
  /** When every writer has closed it. */
  readonly ended: Promise<void>;
  bytes(): Uint8Array;
  /** Closes it; what was kept counts no longer. */
  close(): void;
}

export function collectOutput(stream: Readable, budget: OutputBudget): CollectedOutput {
  const chunks: Buffer[] = [];
  let kept = 0;
  let isClosed = false;
  stream.on("data", (chunk: Buffer) => {
    const part = chunk.subarray(0, budget.room(kept));
    if (part.length > 0 && !isClosed) {
      chunks.push(part);
      kept += part.length;
      budget.add(part.length);
    }
  });
  // "close" follows.
  stream.on("error", () => {});
  const ended = new Promise<void>((resolve) => {
    stream.once("close", resolve);
  });
  return {
    ended,
    bytes: () => Buffer.concat(chunks),
    close: () => {
      if (!isClosed) {
        isClosed = true;
        stream.destroy();
        budget.add(-kept);
      }
    },
  };
}
