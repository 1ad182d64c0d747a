// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  endProcessesIn,
  findProcessesIn,
} from "../../../../../modules/provider/processes/in-folder.ts";

let top: string;
let folder: string;
let child: ChildProcess;

beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), "corefly-in-folder-"));
  folder = join(top, "node-1");
  mkdirSync(folder);
  mkdirSync(join(top, "node-10"));
  child = spawn("sleep", ["600"], { cwd: folder, stdio: "ignore" });
  await once(child, "spawn");
});
afterEach(() => {
  child.kill("SIGKILL");
  rmSync(top, { recursive: true });
});

const pids = async (path: string, command = /sleep 600/) =>
  (await findProcessesIn(path, command)).map(({ pid }) => pid);

describe("findProcessesIn()", () => {
  it("finds by folder and command, also through a link", async () => {
    symlinkSync(top, join(top, "link"));
    expect(await pids(folder)).toEqual([child.pid]);
    expect(await pids(join(top, "link/node-1"))).toEqual([child.pid]);
    expect(await pids(folder, /qemu/)).toEqual([]);
    expect(await pids(join(top, "node-10"))).toEqual([]);
    expect(await pids(top)).toEqual([]);
  });

  it("finds those of a folder that was removed, also when there is a new one", async () => {
    rmSync(folder, { recursive: true });
    expect(await pids(folder)).toEqual([child.pid]);
    mkdirSync(folder);
    expect(await pids(folder)).toEqual([child.pid]);
  });
});

describe("endProcessesIn()", () => {
  it("ends them", async () => {
    const ended = once(child, "exit");
    await endProcessesIn(folder, /sleep 600/, 1000);
    expect((await ended)[1]).toBe("SIGTERM");
    expect(await pids(folder)).toEqual([]);
  });
});
