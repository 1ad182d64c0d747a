// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { callAfter, linuxClock } from "../../../../runtime/system/clock.ts";

/** More than a timer of Node's can wait: it would fire at once. */
const THIRTY_DAYS_MS = 30 * 24 * 3600 * 1000;

describe("linuxClock.sleep()", () => {
  it.each([THIRTY_DAYS_MS, Number.MAX_SAFE_INTEGER, 2 ** 63 * 1000, Infinity])(
    "of %d ms does not end at once",
    async (ms) => {
      const signal = AbortSignal.timeout(50);
      await expect(linuxClock.sleep(ms, { signal })).rejects.toThrow("aborted");
    },
  );
});

describe("callAfter()", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([1, 10, THIRTY_DAYS_MS, 10 * THIRTY_DAYS_MS])("calls once, %d ms later", (ms) => {
    let calls = 0;
    callAfter(ms, () => {
      calls += 1;
    });
    jest.advanceTimersByTime(ms - 1);
    expect(calls).toBe(0);
    jest.advanceTimersByTime(1);
    expect(calls).toBe(1);
    jest.advanceTimersByTime(ms + 1);
    expect(calls).toBe(1);
  });

  it("can be given up, also after a part of a long wait", () => {
    let calls = 0;
    const giveUp = callAfter(THIRTY_DAYS_MS, () => {
      calls += 1;
    });
    jest.advanceTimersByTime(THIRTY_DAYS_MS - 1);
    giveUp();
    jest.advanceTimersByTime(THIRTY_DAYS_MS);
    expect(calls).toBe(0);
  });
});
