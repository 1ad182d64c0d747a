// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { dataUrl, decodeDataUrl } from "../../../../modules/ignition/index.ts";

describe("decodeDataUrl()", () => {
  test("gives back what dataUrl() was given", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeDataUrl(dataUrl(bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test.each([
    ["data:,", ""],
    ["data:,a%20b", "a b"],
    ["data:text/plain;charset=utf-8,%C3%A4", "ä"],
    ["data:text/plain;charset=utf-8;base64,w6Q=", "ä"],
  ])("decodes %s", (url, text) => {
    expect(decodeDataUrl(url)?.toString()).toBe(text);
  });

  test.each([
    "data:",
    "data:;base64",
    "data:;base64,w6Q",
    "data:;base64,w6Q=\n",
    "data:;base64=,a",
    "data:,a b",
    "data:,%",
    "data:,%zz",
    "data:text,a",
    'data:text/plain;a="b",c',
    "DATA:,a",
    "http://a/",
  ])("has no bytes for %j", (url) => {
    expect(decodeDataUrl(url)).toBeUndefined();
  });
});
