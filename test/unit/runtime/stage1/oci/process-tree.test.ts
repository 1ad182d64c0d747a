// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseStat, treeOf } from "../../../../../runtime/stage1/oci/process-tree.ts";

const process = (pid: number, parent: number, session: number, state = "S") => ({
  pid,
  parent,
  session,
  state,
});

describe("treeOf()", () => {
  it("finds children, theirs, and orphans in a session of the tree whose leader has ended", () => {
    const processes = [
      process(1, 0, 1),
      process(10, 1, 10), // the root
      process(12, 10, 11), // session 11 was made by a process that is gone
      process(13, 12, 11),
      process(14, 1, 11), // an orphan of it
      process(15, 14, 11),
      process(16, 12, 11, "Z"),
      process(20, 1, 20),
      process(30, 0, 0),
    ];
    expect(treeOf(new Set([10]), processes).map(({ pid }) => pid)).toEqual([10, 12, 13, 14, 15]);
  });

  it("takes no kernel threads along: their session is 0, as a container's first process may show too", () => {
    const processes = [process(10, 1, 0), process(30, 2, 0)];
    expect(treeOf(new Set([10]), processes).map(({ pid }) => pid)).toEqual([10]);
  });
});

describe("parseStat()", () => {
  it("is not fooled by a program's name", () => {
    expect(parseStat("42 (a) R 1 (x) S 7 42 41 0 -1 4194304")).toEqual([
      { pid: 42, state: "S", parent: 7, session: 41 },
    ]);
    expect(parseStat("")).toEqual([]);
  });
});
