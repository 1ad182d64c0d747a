// SPDX-License-Identifier: Apache-2.0
// Reads files that may not be there yet, and logs that may be longer than memory.

import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { LineTail } from "../../modules/provider/processes/tail.ts";

/** What a file has so far, some lines at a time. */
export async function* wholeLines(tail: LineTail): AsyncGenerator<readonly string[]> {
  for (;;) {
    const lines = await tail.read();
    if (lines.length === 0) return;
    yield lines;
  }
}

/** The end of a file, at most so many bytes of it, from the beginning of a line; empty if there is no file. */
export async function lastPart(path: string, maxBytes: number): Promise<string> {
  const size = (await stat(path).catch(ifThere))?.size ?? 0;
  if (size === 0) return "";
  const start = Math.max(0, size - maxBytes);
  const bytes = await buffer(createReadStream(path, { start, end: size - 1 }));
  return bytes.toString("utf8", start === 0 ? 0 : bytes.indexOf("\n") + 1);
}

/** A file's text; empty if there is no file. */
export async function textOf(path: string): Promise<string> {
  return (await readFile(path, "utf8").catch(ifThere)) ?? "";
}

/** What is in a folder; nothing if there is no folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(ifThere)) ?? [];
}

function ifThere(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}
