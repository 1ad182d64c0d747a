// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseRange } from "../../../../../modules/provider/mirror/range.ts";

describe("parseRange", () => {
  const cases: ReadonlyArray<readonly [string | undefined, ReturnType<typeof parseRange>]> = [
    [undefined, undefined],
    ["bytes=0-3", { start: 0, end: 3 }],
    ["bytes=4-", { start: 4, end: 9 }],
    ["bytes=4-99", { start: 4, end: 9 }],
    ["bytes=-3", { start: 7, end: 9 }],
    ["bytes=-99", { start: 0, end: 9 }],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=5-4", undefined],
    ["bytes=-", undefined],
    ["bytes=0-1,4-5", undefined],
    ["lines=0-1", undefined],
    ["bytes=99999999999999999999-", undefined],
  ];
  it.each(cases)("reads %s of ten bytes", (header, wanted) => {
    expect(parseRange(header, 10)).toEqual(wanted);
  });
});
