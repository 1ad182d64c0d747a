// SPDX-License-Identifier: Apache-2.0
// Tells a server that sends almost nothing from one that sends slowly. Without it a byte now and then would hold a fetch, and the
// store's fetch lock, for ever.

const TICK_MS = 1000;
const WINDOW_TICKS = 60;
const MIN_BYTES_PER_SECOND = 1024;

/**
 * Counts only time in which something is waited for: an unpacker that is slower than its server is no fault of the server's.
 * Call `stop` in the end.
 */
export class Pace {
  readonly #timer: NodeJS.Timeout;
  #isWaiting = true;
  #ticks = 0;
  #bytes = 0;

  /** `giveUp` is called at the end of each window in which too little arrived. */
  constructor(giveUp: (reason: string) => void) {
    this.#timer = setInterval(() => {
      this.#ticks += this.#isWaiting ? 1 : 0;
      if (this.#ticks === WINDOW_TICKS) {
        if (this.#bytes < WINDOW_TICKS * MIN_BYTES_PER_SECOND) {
          giveUp(`fewer than ${MIN_BYTES_PER_SECOND} bytes a second for ${WINDOW_TICKS} seconds`);
        }
        this.#ticks = 0;
        this.#bytes = 0;
      }
    }, TICK_MS);
    this.#timer.unref();
  }

  arrived(bytes: number): void {
    this.#isWaiting = false;
    this.#bytes += bytes;
  }

  waits(): void {
    this.#isWaiting = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
