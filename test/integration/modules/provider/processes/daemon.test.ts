// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import {
  readRecord,
  runningDaemon,
  startDaemon,
  stopDaemon,
} from "../../../../../modules/provider/processes/daemon.ts";
import { identify, isAlive } from "../../../../../modules/provider/processes/identity.ts";
import { LineTail } from "../../../../../modules/provider/processes/tail.ts";

const dir = mkdtempSync(join(tmpdir(), "corefly-daemon-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const record = join(dir, "process.json");

function command(args: readonly string[]) {
  const env = { PATH: process.env["PATH"] ?? "" };
  return { file: "sh", args, cwd: dir, env, output: join(dir, "output"), record };
}

describe("stopDaemon", () => {
  it("ends a process that does not listen", async () => {
    const { process: started } = await startDaemon(
      command(["-c", "trap '' TERM; while :; do sleep 0.1; done"]),
      [1],
      5,
    );
    expect(await readRecord(record)).toEqual({ process: started, ports: [1], startedAtMs: 5 });
    await stopDaemon(record, 300);
    expect(await isAlive(started)).toBe(false);
    expect(await readRecord(record)).toBeUndefined();
  });

  it("leaves alone a process that got the pid of ours", async () => {
    const other = spawn("sleep", ["60"], { stdio: "ignore" });
    const found = await identify(other.pid ?? 0);
    const text = JSON.stringify({
      process: { ...found, startTicks: "1" },
      ports: [],
      startedAtMs: 0,
    });
    writeFileSync(record, text);
    expect(await runningDaemon(record)).toBeUndefined();
    await stopDaemon(record, 300);
    expect(found !== undefined && (await isAlive(found))).toBe(true);
    const ended = new Promise((resolve) => other.once("close", resolve));
    other.kill("SIGKILL");
    await ended;
    expect(found !== undefined && (await isAlive(found))).toBe(false);
  });

  it.each(["", "{", "null", '{"process":{"pid":1}}', '{"process":{"pid":-5},"ports":[]}'])(
    "does nothing about a record that says %p",
    async (text) => {
      writeFileSync(record, text);
      expect(await runningDaemon(record)).toBeUndefined();
      await stopDaemon(record, 300);
    },
  );
});

describe("startDaemon", () => {
  it("says which program is missing", async () => {
    const missing = { ...command([]), file: "corefly-no-such-program" };
    await expect(startDaemon(missing, [], 0)).rejects.toThrow(
      "Cannot start corefly-no-such-program: spawn corefly-no-such-program ENOENT",
    );
  });
});

describe("LineTail", () => {
  it("gives whole lines only, once", async () => {
    const path = join(dir, "lines");
    const tail = new LineTail(path);
    expect(await tail.read()).toEqual([]);
    writeFileSync(path, "one\ntwö");
    expect(await tail.read()).toEqual(["one"]);
    writeFileSync(path, `${readFileSync(path, "utf8")}!\n\n`);
    expect(await tail.read()).toEqual(["twö!", ""]);
    expect(await tail.read()).toEqual([]);
  });
});
