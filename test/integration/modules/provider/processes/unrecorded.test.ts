// SPDX-License-Identifier: Apache-2.0
// What a stack's folder has that its state does not: found by name, ended and removed with what it runs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { identify } from "../../../../../modules/provider/processes/identity.ts";
import {
  findUnrecorded,
  removeUnrecorded,
} from "../../../../../modules/provider/processes/unrecorded.ts";

let stackDir: string;

beforeEach(() => {
  stackDir = join(mkdtempSync(join(tmpdir(), "corefly-unrecorded-")), "stack");
  for (const path of ["nodes/a", "nodes/b%2Fc", "mirrors/m", "disks/a-etcd", "disks/b-etcd"]) {
    mkdirSync(join(stackDir, path), { recursive: true });
  }
  writeFileSync(join(stackDir, "disks/a-etcd/etcd.img"), "data");
  writeFileSync(join(stackDir, "disks/b-etcd/etcd.img"), "");
  truncateSync(join(stackDir, "disks/b-etcd/etcd.img"), 1 << 30);
});
afterEach(() => rmSync(join(stackDir, ".."), { recursive: true, force: true }));

const recorded = [
  { type: "corefly:index:QemuMachine", name: "a" },
  // Of that name, but another kind.
  { type: "corefly:index:QemuMachine", name: "m" },
];

describe("findUnrecorded()", () => {
  it("finds what no resource of its kind and name is, and whether a disk has data", async () => {
    const found = await findUnrecorded(stackDir, recorded);
    expect(found.map(({ kind, name, hasData }) => [kind, name, hasData]).sort()).toEqual([
      ["disk", "a-etcd", true],
      ["disk", "b-etcd", false],
      ["machine", "b/c", false],
      ["mirror", "m", false],
    ]);
  });

  it("finds nothing where there is no folder", async () => {
    expect(await findUnrecorded(join(stackDir, "none"), [])).toEqual([]);
  });
});

describe("removeUnrecorded()", () => {
  it("ends what runs there, and leaves the stack's folder only to what is recorded", async () => {
    const folder = join(stackDir, "mirrors/m");
    const child = spawn("sleep", ["600"], { cwd: folder, stdio: "ignore" });
    const exited = once(child, "exit");
    const record = { process: await identify(child.pid ?? 0), ports: [], startedAtMs: 0 };
    writeFileSync(join(folder, "process.json"), JSON.stringify(record));
    const all = await findUnrecorded(stackDir, recorded);
    expect(all.find(({ kind }) => kind === "mirror")?.pid).toBe(child.pid);
    for (const found of all) await removeUnrecorded(found, stackDir);
    expect((await exited)[1]).toBe("SIGTERM");
    expect(await findUnrecorded(stackDir, [])).toHaveLength(1);
    for (const found of await findUnrecorded(stackDir, [])) await removeUnrecorded(found, stackDir);
    expect(existsSync(stackDir)).toBe(false);
  });
});
