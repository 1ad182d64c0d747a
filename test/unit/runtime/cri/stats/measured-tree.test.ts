// SPDX-License-Identifier: Apache-2.0
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { measureTree } from "../../../../../runtime/cri/stats/measured-tree.ts";
import { linuxSystem } from "../../../../../runtime/system/linux.ts";

const system = linuxSystem();
const MANY = 1_000_000;
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tree-"));
});
afterEach(async () => {
  await system.files.removeTree(dir);
});

const BIG = Buffer.alloc(100_000, 1);
const measure = (maxEntries = MANY) => measureTree(system, dir, maxEntries);

describe("measureTree()", () => {
  it("counts blocks and files, hard links once, and follows no links", async () => {
    mkdirSync(join(dir, "a"));
    writeFileSync(join(dir, "a/big"), BIG);
    linkSync(join(dir, "a/big"), join(dir, "a/same"));
    symlinkSync("/", join(dir, "a/root"));
    const { usedBytes, inodes, problem } = await measure();
    expect(inodes).toBe(4n);
    expect(usedBytes).toBeGreaterThanOrEqual(100_000n);
    expect(usedBytes).toBeLessThan(150_000n);
    expect(problem).toBeUndefined();
  });

  it("counts nothing where nothing is", async () => {
    rmSync(dir, { recursive: true });
    expect(await measure()).toEqual({ usedBytes: 0n, inodes: 0n, problem: undefined });
  });

  it("counts names that are no text, of directories too", async () => {
    const name = Buffer.concat([Buffer.from(`${dir}/`), Buffer.of(0xff, 0xc3, 0x28)]);
    mkdirSync(name);
    writeFileSync(Buffer.concat([name, Buffer.of(0x2f, 0xfe)]), BIG);
    const { usedBytes, inodes } = await measure();
    expect(inodes).toBe(3n);
    expect(usedBytes).toBeGreaterThanOrEqual(100_000n);
  });

  it("counts what lies deeper than a path may be long", async () => {
    // From below: each directory is put into the next.
    const name = "d".repeat(200);
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, "big"), BIG);
    for (let depth = 1; depth < 60; depth += 1) {
      mkdirSync(join(dir, "above"));
      renameSync(join(dir, name), join(dir, "above", name));
      renameSync(join(dir, "above"), join(dir, name));
    }
    const { usedBytes, inodes, problem } = await measure();
    expect({ inodes, problem }).toEqual({ inodes: 62n, problem: undefined });
    expect(usedBytes).toBeGreaterThanOrEqual(100_000n);
  });

  it("stops after so many files, and says so", async () => {
    for (let index = 0; index < 20; index += 1) {
      mkdirSync(join(dir, String(index)));
    }
    expect(await measure(21)).toMatchObject({ inodes: 21n, problem: undefined });
    expect(await measure(10)).toMatchObject({
      inodes: 10n,
      problem: "it has more than 10 files",
    });
  });

  it("counts the rest where something cannot be read, and says what", async () => {
    writeFileSync(join(dir, "sound"), BIG);
    mkdirSync(join(dir, "damaged"));
    const open: typeof system.files.open = async (path, flags, mode) => {
      if (String(path).endsWith("/damaged")) {
        throw Object.assign(new Error("EIO: i/o error, open"), { code: "EIO" });
      }
      return await system.files.open(path, flags, mode);
    };
    const files = { ...system.files, open };
    const { usedBytes, inodes, problem } = await measureTree({ files }, dir, MANY);
    expect({ inodes, problem }).toEqual({ inodes: 3n, problem: "EIO: i/o error, open" });
    expect(usedBytes).toBeGreaterThanOrEqual(100_000n);
  });

  it("enters nothing that took the place of a directory", async () => {
    mkdirSync(join(dir, "a/b"), { recursive: true });
    const open: typeof system.files.open = async (path, flags, mode) => {
      if (String(path).endsWith("/a/b")) {
        rmSync(join(dir, "a"), { recursive: true });
        symlinkSync("/", join(dir, "a"));
        return await system.files.open("/", flags, mode);
      }
      return await system.files.open(path, flags, mode);
    };
    const files = { ...system.files, open };
    expect(await measureTree({ files }, dir, MANY)).toMatchObject({
      inodes: 3n,
      problem: undefined,
    });
  });
});
