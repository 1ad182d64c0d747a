// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import {
  onTerminalSize,
  parseTerminalSize,
} from "../../../../../runtime/cri/streaming/command-streams.ts";
import type { TerminalSize } from "../../../../../runtime/stage1/oci/terminal.ts";

describe("parseTerminalSize()", () => {
  it("reads what client-go writes", () => {
    expect(parseTerminalSize('{"Width":80,"Height":24}')).toEqual({ width: 80, height: 24 });
  });

  it.each([
    '{"Width":0,"Height":0}',
    '{"Width":80}',
    '{"Width":-1,"Height":24}',
    '{"Width":70000,"Height":24}',
    '{"Width":"80","Height":"24"}',
    "null",
    "{",
  ])("takes %s for none", (text) => {
    expect(parseTerminalSize(text)).toBeUndefined();
  });
});

describe("onTerminalSize()", () => {
  it("finds sizes in pieces, with newlines and without, and passes the rest over", async () => {
    const stream = new PassThrough();
    const sizes: TerminalSize[] = [];
    onTerminalSize(stream, (size) => sizes.push(size));
    stream.write('{"Width":1,"Hei');
    stream.write('ght":2}\n{"Width":3,"Height":4}{"x":1} nonsense}');
    stream.write(`${"y".repeat(100_000)}`);
    stream.write('}{"Width":5,"Height":6}');
    stream.end();
    await new Promise((resolve) => stream.once("end", resolve));
    expect(sizes).toEqual([
      { width: 1, height: 2 },
      { width: 3, height: 4 },
      { width: 5, height: 6 },
    ]);
  });
});
