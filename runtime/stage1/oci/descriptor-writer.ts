// SPDX-License-Identifier: Apache-2.0
// Writes to a descriptor that may not take all at once. Not through Node's own streams: libuv would block the whole process
// while nobody reads on the other side of a terminal.
import { Writable } from "node:stream";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";

/** While the other side does not read. */
const RETRY_MS = 10;

/** Fails once `isClosed`, and with what write(2) says. The descriptor stays the caller's. */
export function descriptorWriter(system: System, fd: number, isClosed: () => boolean): Writable {
  const { files } = system;
  const write = (chunk: Buffer, done: (error?: Error) => void): void => {
    if (isClosed()) {
      done(new Error("The terminal is closed"));
      return;
    }
    let written = 0;
    try {
      written = files.writeSync(fd, chunk);
    } catch (error) {
      if (errnoOf(error) !== "EAGAIN") {
        done(error instanceof Error ? error : new Error(String(error)));
        return;
      }
    }
    if (written === chunk.length) {
      done();
    } else {
      setTimeout(write, RETRY_MS, chunk.subarray(written), done);
    }
  };
  return new Writable({ write: (chunk: Buffer, _encoding, done) => write(chunk, done) });
}
