// SPDX-License-Identifier: Apache-2.0
// Ends runs of infra/engine as power and people do: all of it at once, or by Ctrl-C.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineStack } from "./engine-stack.ts";
import { waitFor } from "./wait-for.ts";

export interface CutRun {
  /** From when on the time counts; `said` is what it has said so far. */
  readonly when: (said: string) => boolean;
  readonly afterMs: number;
  /** SIGKILL ends the engine, the provider, the program; SIGINT is what the terminal sends to all of them for Ctrl-C. */
  readonly signal: "SIGKILL" | "SIGINT";
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `up` and ends it; resolves to what it said when none of its processes is left. */
export async function cutUp(stack: EngineStack, cut: CutRun): Promise<string> {
  const [file, args] = stack.command("up");
  const up = spawn(file, [...args], {
    env: { ...process.env, NODE_OPTIONS: "", ...stack.environment(cut.env) },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let said = "";
  for (const stream of [up.stdout, up.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const ended = once(up, "close");
  await waitFor(() => cut.when(said), 60_000);
  await sleep(cut.afterMs);
  if (up.exitCode !== null) throw new Error(`It ended by itself before it was cut:\n${said}`);
  if (cut.signal === "SIGINT") process.kill(-(up.pid ?? 0), "SIGINT");
  else for (const pid of workers(stack)) process.kill(pid, "SIGKILL");
  await ended;
  await waitFor(() => workers(stack).length === 0, 20_000);
  return said;
}

/** Processes of the stack's runs themselves, not machines and mirrors. */
export function workers(stack: EngineStack): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/environ`, "utf8").includes(stack.stateDir) &&
          !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
        );
      } catch {
        // It ended while we looked.
        return false;
      }
    })
    .map(Number);
}
