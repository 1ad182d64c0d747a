// SPDX-License-Identifier: Apache-2.0
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeDevice, splitDevice } from "../../../../runtime/system/constants.ts";
import { recordingSystem } from "../../../../runtime/system/fake/recording-system.ts";
import { linuxFiles as files, isMissing } from "../../../../runtime/system/files.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "files-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe("files", () => {
  it("writeFileAtomic() replaces the whole file, sets the mode and leaves nothing else", async () => {
    const path = join(dir, "a");
    await files.writeFileAtomic(path, "one, longer");
    await files.writeFileAtomic(path, "two", { mode: 0o600 });
    files.writeFileAtomicSync(join(dir, "b"), "three");
    expect(await files.readText(path)).toBe("two");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(["a", "b"]);
  });

  it("writeFileAtomic() leaves no temporary file behind when the rename fails", async () => {
    mkdirSync(join(dir, "a/full"), { recursive: true });
    await expect(files.writeFileAtomic(join(dir, "a"), "x")).rejects.toThrow();
    expect(() => files.writeFileAtomicSync(join(dir, "a"), "x")).toThrow();
    expect(readdirSync(dir)).toEqual(["a"]);
  });

  it("writeFileAtomic() is in nobody's way who had the same pid in another boot", async () => {
    const leftovers = Array.from({ length: 100 }, (_, serial) => `a.tmp-${process.pid}-${serial}`);
    for (const name of leftovers) {
      writeFileSync(join(dir, name), "");
    }
    await files.writeFileAtomic(join(dir, "a"), "x");
    files.writeFileAtomicSync(join(dir, "a"), "y");
    expect(readdirSync(dir).length).toBe(101);
    expect(readFileSync(join(dir, "a"), "utf8")).toBe("y");
  });

  it("removeStaleTemporaries() removes what processes left that are gone, or were another boot's", async () => {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
    const other = boot.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
    const own = `a.tmp-${process.pid}-${boot}-0123456789ab`;
    for (const name of [
      own,
      `a.tmp-${process.pid}-${other}-0123456789ab`,
      `a.tmp-4194305-${boot}-0123456789ab`,
      "a.tmp-none",
    ]) {
      writeFileSync(join(dir, name), "");
    }
    await files.removeStaleTemporaries(dir);
    expect(readdirSync(dir)).toEqual(["a.tmp-none", own].sort());
  });

  it("removeTree() removes links and not what they name, and is fine with nothing", async () => {
    mkdirSync(join(dir, "kept"));
    writeFileSync(join(dir, "kept/file"), "");
    for (const remove of [files.removeTree, async (path: string) => files.removeTreeSync(path)]) {
      mkdirSync(join(dir, "tree/sub"), { recursive: true });
      symlinkSync(join(dir, "kept"), join(dir, "tree/sub/link"));
      await remove(join(dir, "tree"));
      await remove(join(dir, "tree"));
      expect(readdirSync(dir)).toEqual(["kept"]);
      expect(readdirSync(join(dir, "kept"))).toEqual(["file"]);
    }
  });

  it("removeTree() removes names that are no text", async () => {
    for (const remove of [files.removeTree, async (path: string) => files.removeTreeSync(path)]) {
      const tree = Buffer.from(join(dir, "tree/"));
      mkdirSync(Buffer.concat([tree, Buffer.from([0xff, 0xfe])]), { recursive: true });
      writeFileSync(Buffer.concat([tree, Buffer.from([0xff, 0xfe, 0x2f, 0x80])]), "");
      await remove(join(dir, "tree"));
      expect(readdirSync(dir)).toEqual([]);
    }
  });

  it("removeTree() removes a tree that is deeper than a path may be long", async () => {
    for (const remove of [files.removeTree, async (path: string) => files.removeTreeSync(path)]) {
      const tree = join(dir, "tree");
      mkdirSync(tree);
      for (let depth = 0; depth < 40; depth += 1) {
        mkdirSync(join(dir, "outer"));
        writeFileSync(join(dir, "outer", "f".repeat(255)), "");
        renameSync(tree, join(dir, "outer", "d".repeat(255)));
        renameSync(join(dir, "outer"), tree);
      }
      await remove(tree);
      expect(readdirSync(dir)).toEqual([]);
    }
  });

  it("find, list and exists treat absence as ordinary", async () => {
    const none = join(dir, "none");
    expect(await files.findText(none)).toBeUndefined();
    expect(files.findTextSync(none)).toBeUndefined();
    expect(await files.listNames(none)).toEqual([]);
    expect(await files.exists(none)).toBe(false);
    expect(isMissing(await files.readText(none).catch((cause: unknown) => cause))).toBe(true);
  });

  it("readJson() names the file that is not JSON", async () => {
    writeFileSync(join(dir, "x"), "{");
    await expect(files.readJson(join(dir, "x"))).rejects.toThrow(
      `Cannot read "${join(dir, "x")}": not valid JSON`,
    );
  });
});

describe("makeDevice()", () => {
  it("packs as glibc and splitDevice() undoes it", () => {
    expect(makeDevice(1, 3)).toBe(0x103n);
    expect(splitDevice(makeDevice(0x12345, 0xabcde))).toEqual({ major: 0x12345, minor: 0xabcde });
  });
});

describe("recordingSystem()", () => {
  it("writes calls down in order and fails the one it was told to", () => {
    const system = recordingSystem({ fail: { name: "mount", nth: 2, errno: "EPERM" } });
    system.kernel.mount("a", "b", "none", 0);
    expect(() => system.kernel.mount("c", "d", "none", 0)).toThrow("Cannot mount: EPERM");
    expect(system.calls.map(({ name, args }) => [name, args[0]])).toEqual([
      ["mount", "a"],
      ["mount", "c"],
    ]);
  });

  it("moves its clock only when told", async () => {
    const system = recordingSystem({ now: 5 });
    const slept = system.clock.sleep(10);
    system.advance(10);
    await slept;
    expect(system.clock.now()).toBe(15);
  });
});
