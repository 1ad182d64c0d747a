// SPDX-License-Identifier: Apache-2.0
// Follows a file that somebody else appends to.

import { open, stat } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { errorCode } from "./error-code.ts";

const MAX_READ_BYTES = 4 << 20;

/** Bytes of a file; 0 as long as it is not there. */
export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(ifThere))?.size ?? 0;
}

function ifThere(error: unknown): undefined {
  if (errorCode(error) === "ENOENT") return undefined;
  throw error;
}

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
    return new LineTail(path, await sizeOf(path));
  }

  /** New lines, without their ends. */
  async read(): Promise<readonly string[]> {
    const file = await open(this.#path, "r").catch(ifThere);
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
