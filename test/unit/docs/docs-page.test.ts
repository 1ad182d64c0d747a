// SPDX-License-Identifier: Apache-2.0
// What the test of the documentation takes for the output that a page shows, and what not.
import { describe, expect, it } from "@jest/globals";
import { blocksOf, commandsOf, isAsShown } from "../../helpers/docs-page.ts";

const page = [
  "# A page",
  "```console",
  "$ first --flag \\",
  ">   --more",
  "one",
  "two",
  "$ second",
  "```",
  "```json a/b.json",
  "{}",
  "```",
  "```console not run: no machine",
  "$ third",
  "```",
].join("\n");

describe("blocksOf()", () => {
  it("has language, note, line and text of each block", () => {
    expect(blocksOf(page).map(({ line, language, note }) => [line, language, note])).toEqual([
      [2, "console", ""],
      [9, "json", "a/b.json"],
      [12, "console", "not run: no machine"],
    ]);
    expect(blocksOf(page)[1]?.text).toBe("{}\n");
  });

  it("refuses a page with a fence that is not closed", () => {
    expect(() => blocksOf("a\n```console\n$ ls\n")).toThrow("The fence in line 2 is not closed");
  });
});

describe("commandsOf()", () => {
  it("has each command with the output below it", () => {
    const [first] = blocksOf(page);
    expect(first === undefined ? [] : commandsOf(first)).toEqual([
      { line: 3, command: "first --flag \\\n  --more", output: ["one", "two"] },
      { line: 7, command: "second", output: [] },
    ]);
  });

  it("refuses output of no command", () => {
    const [block] = blocksOf("```console\nout\n```\n");
    expect(() => block && commandsOf(block)).toThrow('Line 2 is output of no command: "out"');
  });
});

describe("isAsShown()", () => {
  it.each([
    [["a", "b"], "a\nb\n", true],
    [["a", "b"], "a\n", false],
    [["a"], "a\nb\n", false],
    [[], "", true],
    [[], "something\n", false],
    [["ID  NAME"], "ID\t\tNAME\n", true],
    [["sha512-…"], "sha512-0123\n", true],
    [["sha512-…"], "sha256-0123\n", false],
    [["<id> web"], "0123 web\n", true],
    [["Example <apps@example.com>"], "Example <other@example.com>\n", false],
    [["a", "…", "z"], "a\nb\nc\nz\n", true],
    [["a", "…", "z"], "a\nz\n", true],
    [["a", "…", "z"], "a\nb\n", false],
    [["…"], "", true],
    [["a.c"], "abc\n", false],
  ] as const)("%j is what %j shows: %s", (shown, actual, expected) => {
    expect(isAsShown(shown, actual)).toBe(expected);
  });
});
