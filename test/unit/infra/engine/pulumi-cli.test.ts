// SPDX-License-Identifier: Apache-2.0
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { findInstalledPulumi, installOurPulumi } from "../../../../infra/engine/pulumi-cli.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corefly-cli-"));
  mkdirSync(join(folder, "a"));
  mkdirSync(join(folder, "b"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(path: string, says: string): void {
  writeFileSync(join(folder, path), `#!/bin/sh\necho "${says}"\n`, { mode: 0o755 });
}

const find = () => findInstalledPulumi({ PATH: `${folder}/a:${folder}/b`, HOME: folder });

describe("findInstalledPulumi()", () => {
  it("takes one whose language host is on PATH", async () => {
    program("a/pulumi", "v3.274.1");
    program("b/pulumi-language-nodejs", "");
    await expect(find()).resolves.toEqual({ path: join(folder, "a/pulumi"), origin: "installed" });
  });

  it("takes one whose language host lies beside the file that a link names", async () => {
    mkdirSync(join(folder, "opt"));
    program("opt/pulumi", "v3.274.1");
    program("opt/pulumi-language-nodejs", "");
    symlinkSync(join(folder, "opt/pulumi"), join(folder, "a/pulumi"));
    await expect(find()).resolves.toEqual({ path: join(folder, "a/pulumi"), origin: "installed" });
  });

  it.each([
    ["there is none", () => undefined],
    ["it has no language host", () => program("a/pulumi", "v3.274.1")],
    [
      "it is too old",
      () => {
        program("a/pulumi", "v3.100.0");
        program("a/pulumi-language-nodejs", "");
      },
    ],
    [
      "it does not run",
      () => {
        writeFileSync(join(folder, "a/pulumi"), "no program", { mode: 0o755 });
        program("a/pulumi-language-nodejs", "");
      },
    ],
  ])("finds nothing when %s", async (_, prepare) => {
    prepare();
    await expect(find()).resolves.toBeUndefined();
  });
});

describe("installOurPulumi()", () => {
  it("puts our language host beside the same file, again and again", () => {
    const blob = join(folder, "0123456789abcdef0123");
    writeFileSync(blob, "cli", { mode: 0o555 });
    const first = installOurPulumi(blob, folder);
    const second = installOurPulumi(blob, folder);
    expect(second).toEqual(first);
    expect(first).toEqual({ path: join(folder, "engine/0123456789abcdef/pulumi"), origin: "ours" });
    expect(statSync(first.path).ino).toBe(statSync(blob).ino);
    const host = join(folder, "engine/0123456789abcdef/pulumi-language-nodejs");
    expect(statSync(host).mode & 0o111).toBe(0o111);
    expect(readFileSync(host, "utf8")).toContain("COREFLY_LANGUAGE_HOST");
    expect(readdirSync(join(first.path, "..")).sort()).toEqual([
      "pulumi",
      "pulumi-language-nodejs",
    ]);
  });
});
