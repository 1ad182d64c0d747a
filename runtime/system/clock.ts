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

export const linuxClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, options = {}) => {
    await delay(ms, undefined, options);
  },
};
