// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ArtifactError } from "../../../../../modules/provider/build/artifact-error.ts";
import { isElf, parseElf } from "../../../../../modules/provider/build/elf.ts";
import { elfFile } from "../../../../helpers/elf-file.ts";

describe("parseElf()", () => {
  it("reads loader, libraries and run path", () => {
    const file = elfFile({
      interpreter: "/lib64/ld-linux-x86-64.so.2",
      needed: ["libc.so.6", "libm.so.6"],
      runPath: "/opt/lib",
    });
    expect(parseElf(file, "x")).toEqual({
      architecture: "amd64",
      interpreter: "/lib64/ld-linux-x86-64.so.2",
      needed: ["libc.so.6", "libm.so.6"],
      runPath: "/opt/lib",
    });
  });

  it("reads a library, which has no loader, for AArch64", () => {
    expect(parseElf(elfFile({ machine: 183, needed: ["libc.so.6"] }), "x")).toEqual({
      architecture: "arm64",
      interpreter: undefined,
      needed: ["libc.so.6"],
      runPath: undefined,
    });
  });

  it("agrees with the program that runs this", () => {
    const { needed, interpreter } = parseElf(readFileSync(process.execPath), "node");
    expect(needed).toContain("libc.so.6");
    expect(interpreter).toMatch(/\/ld-linux/);
  });

  it.each([
    ["no ELF file", Buffer.from("#!/bin/sh\n")],
    ["no ELF file", Buffer.alloc(0)],
    ["not 64-bit little-endian", Buffer.from("\x7fELF\x01\x01", "latin1")],
    ["truncated at byte 32", elfFile({}).subarray(0, 32)],
    ["machine 40, wanted x86-64 or AArch64", elfFile({ machine: 40 })],
  ])("refuses a file: %s", (reason, bytes) => {
    expect(() => parseElf(bytes, "/bin/x")).toThrow(
      new ArtifactError(`Cannot read ELF file /bin/x: ${reason}`),
    );
  });

  it("answers or refuses whatever is in the file, and never anything else", () => {
    const whole = elfFile({ interpreter: "/lib/ld.so", needed: ["liba.so"], runPath: "/x" });
    const change = fc.record({
      offset: fc.nat(whole.length - 1),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
      length: fc.nat(whole.length),
    });
    fc.assert(
      fc.property(change, ({ offset, bytes, length }) => {
        const damaged = Buffer.from(whole);
        damaged.set(bytes.subarray(0, whole.length - offset), offset);
        try {
          parseElf(damaged.subarray(0, length), "x");
        } catch (error) {
          expect(error).toBeInstanceOf(ArtifactError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("isElf()", () => {
  it("goes by the first bytes", () => {
    expect(isElf(elfFile({}))).toBe(true);
    expect(isElf(Buffer.from("ELF"))).toBe(false);
  });
});
