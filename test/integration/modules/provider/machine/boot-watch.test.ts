// SPDX-License-Identifier: Apache-2.0
// A machine that does not come up in time: what is said of it. A process that sleeps stands for QEMU.
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  type BootError,
  type BootWatchOptions,
  watchBoot,
} from "../../../../../modules/provider/machine/boot-watch.ts";
import {
  identify,
  type ProcessIdentity,
} from "../../../../../modules/provider/processes/identity.ts";
import { LineTail } from "../../../../../modules/provider/processes/tail.ts";

const KERNEL = "[    0.000000] Linux version 6.1";

let folder: string;
let machine: ChildProcess;
let identity: ProcessIdentity | undefined;
let deadline: AbortController;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "corefly-boot-"));
  machine = spawn("sleep", ["600"], { stdio: "ignore" });
  identity = await identify(machine.pid ?? 0);
  deadline = new AbortController();
});
afterEach(() => {
  machine.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

async function watch(
  status: (text: string) => void = () => {},
  more: Partial<BootWatchOptions> = {},
): Promise<void> {
  if (identity === undefined) throw new Error("sleep does not run");
  await watchBoot({
    process: identity,
    startedAtMs: 0,
    now: () => 9000,
    console: new LineTail(join(folder, "console.log")),
    journal: new LineTail(join(folder, "journal.jsonl")),
    reset: async () => {},
    warn: () => {},
    lastWords: async () => "Could not set up host forwarding rule",
    status,
    signal: deadline.signal,
    ...more,
  });
}

/** Watches a machine that has said this and is silent from then on; a minute goes by between two looks. */
async function resetsAfter(lines: readonly string[]): Promise<number> {
  writeFileSync(join(folder, "console.log"), lines.map((line) => `${line}\r\n`).join(""));
  let [nowMs, resets, warnings] = [0, 0, 0];
  const look = (): void => {
    nowMs += 60_000;
    if (nowMs > 300_000) deadline.abort(new Error("Cannot create: cancelled"));
  };
  const options = {
    now: () => nowMs,
    reset: async () => {
      resets += 1;
    },
    warn: () => {
      warnings += 1;
    },
  };
  await watch(look, options).catch(() => {});
  expect(warnings).toBe(resets);
  return resets;
}

describe("watchBoot()", () => {
  it("shows the phase with seconds, and keeps what the console said for the error", async () => {
    const shown: string[] = [];
    const says: readonly string[] = [
      KERNEL,
      "[   20.000000] systemd[1]: Starting ignition-fetch.service - Ignition (fetch)",
      "[   30.000000] Switching root.",
    ];
    const watching = watch((text) => {
      if (shown.at(-1) === text) return;
      shown.push(text);
      const next = says[shown.length - 1];
      if (next === undefined) deadline.abort(new Error("Cannot create: cancelled"));
      else appendFileSync(join(folder, "console.log"), `${next}\r\n`);
    });
    const failure = await watching.catch((error: unknown) => error);
    expect(shown).toEqual([
      "firmware (9 s), 9 s since power-on",
      "kernel (0 s), 9 s since power-on",
      "Ignition (0 s), 9 s since power-on",
      "runtime (0 s), 9 s since power-on",
    ]);
    expect((failure as BootError).details).toEqual(says.map((line) => `console: ${line}`));
  });

  it("resets a machine whose kernel falls silent as it starts, three times at most", async () => {
    expect(await resetsAfter([KERNEL, "[    0.802560] clocksource: hpet"])).toBe(3);
  });

  it.each([
    ["before its kernel", []],
    ["when that has started a program", [KERNEL, "[    2.367957] Run /init as init process"]],
  ])("leaves alone one that is silent %s", async (_when, lines) => {
    expect(await resetsAfter(lines)).toBe(0);
  });

  it("says the machine's last words when its time is over", async () => {
    writeFileSync(join(folder, "console.log"), "Linux version 6.1\r\nWaiting for root device\r\n");
    const over = new Error('Cannot create QemuMachine "lab": took longer than 5 s');
    const watching = watch(() => deadline.abort(over));
    await expect(watching).rejects.toThrow(
      /^took longer than 5 s; last on its console: Waiting for root device$/,
    );
  });

  it("says that there were none", async () => {
    const watching = watch();
    deadline.abort(new Error('Cannot create QemuMachine "lab": cancelled'));
    await expect(watching).rejects.toThrow(/^cancelled; its console says nothing$/);
  });

  it("says why QEMU ended", async () => {
    const ended = new Promise((resolve) => machine.once("exit", resolve));
    const watching = watch();
    machine.kill("SIGKILL");
    await ended;
    await expect(watching).rejects.toThrow(
      /^the machine ended: Could not set up host forwarding rule$/,
    );
  });
});
