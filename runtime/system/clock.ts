// SPDX-License-Identifier: Apache-2.0
// Time, as the rest of the runtime sees it.
import { setTimeout as delay } from "node:timers/promises";

export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Milliseconds that only grow, from an arbitrary start. */
  monotonic(): number;
  /** Rejects with an AbortError when `signal` fires first. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** What one of Node's timers can wait, 25 days: a longer one fires at once. Clients say how long in numbers of 64 bits. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const linuxClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, options = {}) => {
    let left = ms;
    for (; left > MAX_TIMER_MS; left -= MAX_TIMER_MS) {
      await delay(MAX_TIMER_MS, undefined, options);
    }
    await delay(left, undefined, options);
  },
};

/** As setTimeout, however long; the answer gives it up. */
export function callAfter(ms: number, call: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number) => {
    const piece = Math.min(left, MAX_TIMER_MS);
    timer = setTimeout(() => (left > piece ? wait(left - piece) : call()), piece);
  };
  wait(ms);
  return () => clearTimeout(timer);
}
