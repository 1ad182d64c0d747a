// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { median, quantile } from "../../bench/statistics.ts";

describe("median()", () => {
  it("is the middle value, or between the two middle ones, in any order", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 2, 9])).toBe(3);
  });

  it("is nothing of nothing", () => {
    expect(() => median([])).toThrow("Cannot take a quantile of nothing");
  });
});

describe("quantile()", () => {
  it("lies between the values around the place", () => {
    const values = Array.from({ length: 101 }, (_, index) => index);
    expect(quantile(values, 0.99)).toBe(99);
    expect(quantile([10, 20], 0.25)).toBe(12.5);
    expect(quantile(values, 1)).toBe(100);
  });
});
