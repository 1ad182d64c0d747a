// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { isFrom, sourceDigest } from "../../../../runtime/image/source-digest.ts";

const url = (text: string) => new URL(text);
const from = (text: string) => ({
  source: "https://h.test/a.aci",
  sourceDigest: sourceDigest(url(text)),
});

describe("isFrom()", () => {
  it.each([
    ["https://h.test/a.aci", true],
    ["https://user:password@h.test/a.aci#part", true],
    ["https://h.test/a.aci?x=1", false],
    ["https://h.test:444/a.aci", false],
    ["https://h.test/b.aci", false],
  ])("an image of https://h.test/a.aci is that of %s: %s", (text, isSame) => {
    expect(isFrom(url(text), from("https://h.test/a.aci"))).toBe(isSame);
  });

  it.each([
    ["https://h.test/a.aci?x=1", true],
    ["https://h.test/a.aci?x=2", false],
    ["https://h.test/a.aci", false],
  ])("an image of https://h.test/a.aci?x=1 is that of %s: %s", (text, isSame) => {
    expect(isFrom(url(text), from("https://h.test/a.aci?x=1"))).toBe(isSame);
  });

  it("a record without digest speaks only for the URL that it shows", () => {
    const old = { source: "https://h.test/a.aci", sourceDigest: "" };
    expect(isFrom(url("https://h.test/a.aci"), old)).toBe(true);
    expect(isFrom(url("https://h.test/a.aci?x=1"), old)).toBe(false);
    expect(isFrom(url("https://h.test/b.aci"), old)).toBe(false);
  });
});
