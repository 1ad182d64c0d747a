// SPDX-License-Identifier: Apache-2.0
// `make down` and `make clean` where there is nothing, and what `clean` takes.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type Ran, run } from "../../helpers/program.ts";

const root = resolve(import.meta.dirname, "../../..");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corefly-make-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function make(target: string): Promise<Ran> {
  const env = { COREFLY_CACHE: join(folder, "cache"), COREFLY_STATE: join(folder, "state") };
  // What this test runs on is never installed anew under it.
  const args = ["--no-print-directory", "--assume-old=node_modules/.installed"];
  return run("make", [...args, target, "STACK=nobodys"], { cwd: root, env });
}

describe("make down", () => {
  it("says that there is nothing, and gets no Pulumi for it", async () => {
    const { exitCode, stdout, stderr } = await make("down");
    expect([exitCode, stdout]).toEqual([0, ""]);
    expect(stderr).toBe('corefly: Stack "nobodys" does not exist: nothing to do\n');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("make clean", () => {
  it("says so where there is nothing", async () => {
    const { exitCode, stdout } = await make("clean");
    expect([exitCode, stdout]).toEqual([
      0,
      `Nothing to remove: found no cache in ${folder}/cache\n`,
    ]);
  });

  it("removes the cache, Go's read-only modules too, and nothing else that lies there", async () => {
    const module = join(folder, "cache/go/mod/example.test");
    mkdirSync(module, { recursive: true });
    writeFileSync(join(module, "go.mod"), "", { mode: 0o444 });
    writeFileSync(join(folder, "cache/letters.txt"), "dear");
    const { exitCode, stdout } = await make("clean");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Removed in \d+ s, kept what is not ours: letters\.txt\n$/);
    expect(readdirSync(join(folder, "cache"))).toEqual(["letters.txt"]);
    rmSync(join(folder, "cache/letters.txt"));
    mkdirSync(module, { recursive: true });
    await make("clean");
    expect(existsSync(join(folder, "cache"))).toBe(false);
  });
});
