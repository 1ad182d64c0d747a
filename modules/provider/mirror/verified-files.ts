// SPDX-License-Identifier: Apache-2.0
// Remembers which files of the cache have their digest. Files there are not written again, so one look is enough until
// the file is another.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** Files by path, once each. */
export class VerifiedFiles {
  readonly #checks = new Map<string, Promise<string>>();

  /** Throws if the file's contents do not have this digest. */
  async verify(path: string, sha512: string): Promise<void> {
    const { ino, size, mtimeMs } = await stat(path);
    const key = `${path} ${ino} ${size} ${mtimeMs}`;
    const check = this.#checks.get(key) ?? digestOf(path);
    this.#checks.set(key, check);
    check.catch(() => this.#checks.delete(key));
    const found = await check;
    if (found !== sha512) {
      throw new Error(
        `Cannot serve sha512-${sha512.slice(0, 12)}…: the file in the cache has digest sha512-${found.slice(0, 12)}…`,
      );
    }
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha512");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest("hex");
}
