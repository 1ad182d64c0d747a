// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { libraryClosure, realFile } from "../../../../../modules/provider/build/closure.ts";
import { elfFile } from "../../../../helpers/elf-file.ts";

let tree: string;

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), "closure-"));
});

afterEach(() => {
  rmSync(tree, { recursive: true });
});

function put(path: string, bytes: Buffer): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), bytes);
}

const LOADER = "/lib64/ld-linux-x86-64.so.2";

describe("libraryClosure()", () => {
  it("finds libraries of libraries under their sonames, each once, with the loader", async () => {
    put("usr/bin/app", elfFile({ interpreter: LOADER, needed: ["liba.so.1"] }));
    put("usr/lib/x86_64-linux-gnu/liba.so.1.2", elfFile({ needed: ["libc.so.6", "libb.so"] }));
    symlinkSync("liba.so.1.2", join(tree, "usr/lib/x86_64-linux-gnu/liba.so.1"));
    put("lib/x86_64-linux-gnu/libb.so", elfFile({ needed: ["liba.so.1"] }));
    put("lib/x86_64-linux-gnu/libc.so.6", elfFile({ needed: ["ld-linux-x86-64.so.2"] }));
    put("lib64/ld-linux-x86-64.so.2", elfFile({}));
    const roots = { programs: ["/usr/bin/app"], libraries: [] };
    const found = await libraryClosure(tree, roots, "amd64");
    expect([...found].map(([soname, file]) => [soname, file.slice(tree.length + 1)])).toEqual([
      ["ld-linux-x86-64.so.2", "lib64/ld-linux-x86-64.so.2"],
      ["liba.so.1", "usr/lib/x86_64-linux-gnu/liba.so.1.2"],
      ["libb.so", "lib/x86_64-linux-gnu/libb.so"],
      ["libc.so.6", "lib/x86_64-linux-gnu/libc.so.6"],
    ]);
  });

  it("names the library that is missing and who wants it", async () => {
    put("usr/bin/app", elfFile({ needed: ["libmissing.so.1"] }));
    const roots = { programs: ["/usr/bin/app"], libraries: [] };
    await expect(libraryClosure(tree, roots, "amd64")).rejects.toThrow(
      "no Debian package among those fetched has libmissing.so.1, wanted by /usr/bin/app",
    );
  });
});

describe("realFile()", () => {
  it("refuses a link that leads out of the tree", async () => {
    mkdirSync(join(tree, "usr/bin"), { recursive: true });
    symlinkSync("/etc/passwd", join(tree, "usr/bin/app"));
    await expect(realFile(tree, "/usr/bin/app")).rejects.toThrow(
      "the Debian packages have no usable /usr/bin/app",
    );
  });

  it("refuses what is not there", async () => {
    await expect(realFile(tree, "/usr/bin/none")).rejects.toThrow("no usable /usr/bin/none");
  });
});
