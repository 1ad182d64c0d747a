// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseElf } from "../../../../../modules/provider/build/elf.ts";
import { stripElf } from "../../../../../modules/provider/build/strip.ts";
import { elfFile } from "../../../../helpers/elf-file.ts";

describe("stripElf()", () => {
  const fixture = { interpreter: "/lib/ld.so", needed: ["libc.so.6"], runPath: "/x" };

  it("removes what is not loaded and leaves the rest as it was", () => {
    const program = elfFile({ ...fixture, unloaded: Buffer.alloc(4096, "debug") });
    const stripped = stripElf(program, "x");
    expect(stripped.length).toBeLessThan(program.length - 4000);
    expect(stripped.includes("debugdebug")).toBe(false);
    expect(parseElf(stripped, "x")).toEqual(parseElf(program, "x"));
  });

  it("leaves sections that tools can read, the names last", () => {
    const stripped = stripElf(elfFile({ ...fixture, unloaded: Buffer.alloc(64) }), "x");
    expect(stripped.readUInt16LE(60)).toBe(3);
    expect(stripped.readUInt16LE(62)).toBe(2);
    expect(Number(stripped.readBigUInt64LE(40)) % 8).toBe(0);
    expect(stripped.includes(".text\0.shstrtab\0")).toBe(true);
  });

  it("changes nothing more the second time", () => {
    const once = stripElf(elfFile({ ...fixture, unloaded: Buffer.alloc(64) }), "x");
    expect(stripElf(once, "x").equals(once)).toBe(true);
  });

  it("refuses a file without section headers", () => {
    const program = elfFile(fixture);
    program.writeUInt16LE(0, 58);
    expect(() => stripElf(program, "x")).toThrow("no usable section headers");
  });

  it("refuses a file whose loaded sections are not first", () => {
    const program = elfFile({ ...fixture, unloaded: Buffer.alloc(64) });
    const table = Number(program.readBigUInt64LE(40));
    program.writeBigUInt64LE(2n, table + 3 * 64 + 8);
    expect(() => stripElf(program, "x")).toThrow("loaded sections after others");
  });
});
