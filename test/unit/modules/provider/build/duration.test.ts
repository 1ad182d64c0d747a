// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { duration, megabytes } from "../../../../../modules/provider/build/duration.ts";

describe("duration()", () => {
  it.each([
    [420, "0.4 s"],
    [24_400, "24 s"],
    [59_600, "1 min 0 s"],
    [351_000, "5 min 51 s"],
  ])("%i ms is %s", (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });
});

describe("megabytes()", () => {
  it.each([
    [571_698, "0.6 MB"],
    [154_235_042, "154 MB"],
  ])("%i bytes are %s", (bytes, text) => {
    expect(megabytes(bytes)).toBe(text);
  });
});
