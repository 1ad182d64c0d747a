// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  hasUnknown,
  Secret,
  sameValue,
  UNKNOWN,
} from "../../../../modules/provider/property-value.ts";

describe("sameValue()", () => {
  it("compares by content, in any order of names", () => {
    expect(sameValue({ a: 1, b: ["x"] }, { b: ["x"], a: 1 })).toBe(true);
    expect(sameValue({ a: 1 }, { a: 1, b: 2 })).toBe(false);
    expect(sameValue([1, 2], [2, 1])).toBe(false);
    expect(sameValue(new Secret("a"), "a")).toBe(true);
  });

  it("holds an unknown for different from everything", () => {
    expect(sameValue(UNKNOWN, UNKNOWN)).toBe(false);
    expect(sameValue({ a: UNKNOWN }, { a: 1 })).toBe(false);
  });
});

describe("hasUnknown()", () => {
  it("looks everywhere", () => {
    expect(hasUnknown({ a: [{ b: new Secret(UNKNOWN) }] })).toBe(true);
    expect(hasUnknown({ a: [{ b: new Secret("x") }] })).toBe(false);
  });
});
