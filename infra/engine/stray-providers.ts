// SPDX-License-Identifier: Apache-2.0
// Providers whose engine was killed. They notice within a second and end, but until then they still work on the resources that
// the next run is going to look at.

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 50;
const PATIENCE_MS = 20_000;

/** Waits until no provider works on this state folder whose engine is gone. */
export async function waitForStrayProviders(stateDir: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const [stray] = strayProviders(stateDir);
    if (stray === undefined) return;
    if (waitedMs >= PATIENCE_MS) {
      throw new Error(
        `Cannot go on: process ${stray} of the killed run still works on "${stateDir}", expected its end`,
      );
    }
    await sleep(POLL_MS);
  }
}

function strayProviders(stateDir: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isProvider(pid, stateDir) && !hasEngine(pid));
}

function isProvider(pid: number, stateDir: string): boolean {
  return (
    (read(pid, "environ")?.split("\0").includes(`COREFLY_STATE=${stateDir}`) ?? false) &&
    /provider\/main\.ts\0/.test(read(pid, "cmdline") ?? "")
  );
}

function hasEngine(pid: number): boolean {
  const [, parent] = /^PPid:\s*(\d+)$/m.exec(read(pid, "status") ?? "") ?? [];
  return parent !== undefined && read(Number(parent), "comm")?.trim() === "pulumi";
}

function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    // It ended meanwhile, or is somebody else's, which no provider of ours is.
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(Object(error).code)) return undefined;
    throw error;
  }
}
