// SPDX-License-Identifier: Apache-2.0
// One line of what the user types, read synchronously: nothing is left behind in a buffer for who comes after us.
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";

const MAX_LINE_BYTES = 4096;

/** Without its newline; undefined at the end of the input. */
export function readLine({ files }: System): string | undefined {
  const byte = Buffer.alloc(1);
  const line: number[] = [];
  while (line.length < MAX_LINE_BYTES) {
    try {
      if (files.readSync(0, byte) === 0) {
        return line.length === 0 ? undefined : Buffer.from(line).toString("utf8");
      }
    } catch (cause) {
      if (errnoOf(cause) === "EOF") {
        return undefined;
      }
      throw cause;
    }
    if (byte[0] === 0x0a) {
      break;
    }
    line.push(byte[0] ?? 0);
  }
  return Buffer.from(line).toString("utf8");
}
