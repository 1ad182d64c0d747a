// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { dateText, nearEnd, validityFrom } from "../../../../../modules/provider/pki/validity.ts";

const HOUR = 3_600_000;
const now = Date.parse("2026-11-25T12:00:00.789Z");

describe("validityFrom()", () => {
  it("begins a little earlier, for clocks that are behind", () => {
    const { notBefore, notAfter } = validityFrom(now, 24);
    expect(dateText(notBefore)).toBe("2026-11-25T11:55:00Z");
    expect(dateText(notAfter)).toBe("2026-11-26T12:00:00Z");
  });

  it("stays within the authority's", () => {
    const authority = { notBefore: new Date(now - 1000), notAfter: new Date(now + HOUR) };
    const { notBefore, notAfter } = validityFrom(now, 24, authority);
    expect(dateText(notBefore)).toBe("2026-11-25T11:59:59Z");
    expect(dateText(notAfter)).toBe("2026-11-25T13:00:00Z");
  });
});

describe("nearEnd()", () => {
  const validity = { notBefore: new Date(now), notAfter: new Date(now + 100 * HOUR) };

  it.each([
    [10, undefined, false],
    [89, undefined, false],
    [90, undefined, true],
    [101, undefined, true],
    [89, 24, true],
    [75, 24, false],
    [99, 0, false],
    [100, 0, true],
  ])("at %d %% of life, %s hours early: %s", (percent, early, wanted) => {
    expect(nearEnd(validity, early, now + percent * HOUR)).toBe(wanted);
  });
});
