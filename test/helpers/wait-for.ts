// SPDX-License-Identifier: Apache-2.0
// Waits until something is true, looking every 10 ms unless told otherwise; the only place in tests where time passes.
import { setTimeout as delay } from "node:timers/promises";

/** Throws after `timeoutMs` (default 10 s) with the last error, if looking threw one. */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
  intervalMs = 10,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      if (await condition()) {
        return;
      }
    } catch (error) {
      last = error;
    }
    await delay(intervalMs);
  }
  throw new Error(`Still not true after ${timeoutMs} ms`, { cause: last });
}
