// SPDX-License-Identifier: Apache-2.0
// Copying between a process or socket and a client, when either may end or vanish first.
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../../system/clock.ts";

/**
 * Copies until `from` ends, which ends `to`. When `to` fails or is closed before, what still comes is thrown away: a client's
 * connection carries other streams and must not stand still for one that nobody reads.
 */
export function pump(from: Readable, to: Writable): void {
  const discard = () => {
    from.unpipe(to);
    from.resume();
  };
  to.once("error", discard);
  to.once("close", discard);
  // "close" without "end": reset by its peer, or a terminal that was hung up.
  from.once("close", () => {
    if (!to.writableEnded) {
      to.end();
    }
  });
  if (to.destroyed) {
    from.resume();
  } else {
    from.pipe(to);
  }
}

/** How long a stream whose writer has ended may give nothing before it is left: something in the background has it open. */
const QUIET_MS = 500;
const LOOK_MS = 50;

/** Waits until all of it has been read and passed on, or until nothing has come for a while and the reader is not at fault. */
export async function drained(
  clock: Clock,
  from: Readable,
  to: Writable | undefined,
): Promise<void> {
  let read = 0;
  let quietSince = clock.monotonic();
  const count = (chunk: Buffer) => {
    read += chunk.length;
  };
  from.on("data", count);
  let seen = read;
  while (!from.closed && !from.readableEnded) {
    await clock.sleep(LOOK_MS);
    if (read !== seen || to?.writableNeedDrain === true) {
      seen = read;
      quietSince = clock.monotonic();
    } else if (clock.monotonic() - quietSince > QUIET_MS) {
      from.destroy();
      return;
    }
  }
}
