// SPDX-License-Identifier: Apache-2.0
// Follows a file that somebody else appends to.

import { open, stat } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";

const MAX_READ_BYTES = 4 << 20;

/** Gives the whole lines that came since the last time. The file may not be there yet. */
export class LineTail {
  readonly #path: string;
  #offset: number;
  #rest = "";
  readonly #decoder = new StringDecoder("utf8");

  constructor(path: string, offset = 0) {
    this.#path = path;
    this.#offset = offset;
  }

  /** A tail of what is appended from now on. */
  static async fromEnd(path: string): Promise<LineTail> {
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    return new LineTail(path, size);
  }

  /** New lines, without their ends. */
  async read(): Promise<readonly string[]> {
    const file = await open(this.#path, "r").catch(() => undefined);
    if (file === undefined) return [];
    try {
      const lines: string[] = [];
      const buffer = Buffer.alloc(64 << 10);
      for (let total = 0; total < MAX_READ_BYTES; ) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        total += bytesRead;
        const parts = (this.#rest + this.#decoder.write(buffer.subarray(0, bytesRead))).split("\n");
        this.#rest = parts.pop() ?? "";
        lines.push(...parts);
      }
      return lines;
    } finally {
      await file.close();
    }
  }
}
