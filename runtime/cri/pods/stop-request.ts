// SPDX-License-Identifier: Apache-2.0
// How long a container that was asked to end may still take. A later, shorter request shortens the wait of the first.
import type { Clock } from "../../system/clock.ts";

export class StopRequest {
  readonly #clock: Clock;
  #deadlineMs: number;
  #wake: AbortController = new AbortController();
  /** The whole stop, set by who carries it out. */
  done: Promise<void> = Promise.resolve();

  constructor(clock: Clock, graceMs: number) {
    this.#clock = clock;
    this.#deadlineMs = clock.monotonic() + graceMs;
  }

  /** Never makes it longer. */
  shorten(graceMs: number): void {
    const deadline = this.#clock.monotonic() + graceMs;
    if (deadline < this.#deadlineMs) {
      this.#deadlineMs = deadline;
      this.#wake.abort();
    }
  }

  /** Resolves when the grace is over: true; or when `ended` resolves first: false. */
  async graceIsOver(ended: Promise<void>): Promise<boolean> {
    let hasEnded = false;
    const end = ended.then(() => {
      hasEnded = true;
    });
    for (;;) {
      this.#wake = new AbortController();
      const left = this.#deadlineMs - this.#clock.monotonic();
      if (left <= 0) {
        return !hasEnded;
      }
      const { signal } = this.#wake;
      // The sleep is given up when the wait got shorter or has an end.
      await Promise.race([end, this.#clock.sleep(left, { signal }).catch(() => {})]);
      if (hasEnded) {
        this.#wake.abort();
        return false;
      }
    }
  }
}
