// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { StopRequest } from "../../../../../runtime/cri/pods/stop-request.ts";
import type { Clock } from "../../../../../runtime/system/clock.ts";

/** Time passes only when `pass` is called. */
function clock() {
  let now = 0;
  const sleepers = new Set<{ readonly at: number; wake(): void }>();
  const self: Clock & { pass(ms: number): Promise<void> } = {
    now: () => now,
    monotonic: () => now,
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: now + ms, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", () => {
          sleepers.delete(sleeper);
          reject(new Error("aborted"));
        });
      }),
    pass: async (ms) => {
      now += ms;
      for (const sleeper of sleepers) {
        if (sleeper.at <= now) {
          sleepers.delete(sleeper);
          sleeper.wake();
        }
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return self;
}

describe("StopRequest", () => {
  it("is over when its time is", async () => {
    const time = clock();
    const over = new StopRequest(time, 1000).graceIsOver(new Promise(() => {}));
    await time.pass(1000);
    expect(await over).toBe(true);
  });

  it("is not waited for when the container ends before", async () => {
    const time = clock();
    const ended = Promise.withResolvers<void>();
    const over = new StopRequest(time, 1000).graceIsOver(ended.promise);
    await time.pass(10);
    ended.resolve();
    expect(await over).toBe(false);
  });

  it("can be made shorter while it is waited for, never longer", async () => {
    const time = clock();
    const request = new StopRequest(time, 10_000);
    let isOver = false;
    const over = request.graceIsOver(new Promise(() => {})).then(() => {
      isOver = true;
    });
    request.shorten(20_000);
    await time.pass(500);
    request.shorten(100);
    await time.pass(50);
    expect(isOver).toBe(false);
    await time.pass(50);
    await over;
    expect(isOver).toBe(true);
  });
});
