// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "@jest/globals";
import { parseUnitText } from "../../../../modules/ignition/unit-text.ts";

describe("parseUnitText()", () => {
  test.each([
    ["", false],
    ["# a\n; b\n", false],
    ["[Install]\n", false],
    ["[Unit]\nA=b\n[Install]\nWantedBy=multi-user.target", true],
    ["[Service]\nA=b \\\n[Install]\nWantedBy=c\n", false],
    ["[Service]\nA=\\\n\\\n  b\n[Install]\nAlias=c.service\n", true],
    ["\t[Unit]  \r\n  A=b\r\n", false],
  ])("reads %j; it installs: %j", (text, installs) => {
    expect(parseUnitText(text)).toEqual({ installs });
  });

  test.each([
    ["A=b", 1, "is before the first [Section]"],
    ["\n[Unit\nA=b]\n", 2, 'is "[Unit", expected [Section]'],
    ["[Unit]]\n", 1, 'is "[Unit]]", expected [Section]'],
    ["[Unit]\n\nDescription\n", 3, 'is "Description", expected Option=value'],
    ["[Unit]\n=a\n", 2, 'is "=a", expected Option=value'],
    ["[Unit]\nA=b \\\n# c\nd\n", 4, 'is "d", expected Option=value'],
    ["[Unit]\n# a \\\n", 2, "is a comment that ends in a backslash"],
    [`[Unit]\nA=b\nB=${"x".repeat(2046)}\n`, 3, "has 2048 bytes or more, expected fewer"],
    [`[Unit]\n${"y".repeat(99)}`, 2, `is "${"y".repeat(60)}…", expected Option=value`],
  ])("refuses %j at line %i", (text, line, message) => {
    expect(parseUnitText(text)).toEqual({ installs: false, problem: { line, message } });
  });
});
