// SPDX-License-Identifier: Apache-2.0
// A run of which everything was killed while a machine booted: QEMU lives on, and no state knows of it. Whoever then
// destroys the stack is left with nothing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "@jest/globals";
import { identify } from "../../../../modules/provider/processes/identity.ts";
import { blankMachine } from "../../../helpers/blank-machine.ts";
import { EngineStack } from "../../../helpers/engine-stack.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

const stack = new EngineStack("without-machine");
const stackDir = join(stack.stateDir, "stacks", stack.name);
const record = join(stackDir, "nodes/lab-controller-0/process.json");
const MINUTE_MS = 60_000;

afterAll(() => stack.remove());

/** Processes of the run itself, not those that it started to stay. */
function workers(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(stack.stateDir);
      } catch {
        // It ended while we looked.
        return false;
      }
    })
    .map(Number);
}

it(
  "a machine that a killed run started is gone after destroy",
  async () => {
    stack.env = await blankMachine(join(stack.stateDir, "cache"));
    const [file, args] = stack.command("up");
    const up = spawn(file, [...args], {
      env: { ...process.env, NODE_OPTIONS: "", ...stack.environment() },
      stdio: "ignore",
    });
    await waitFor(() => existsSync(record), MINUTE_MS);
    const { pid } = JSON.parse(readFileSync(record, "utf8")).process;
    for (const worker of workers()) process.kill(worker, "SIGKILL");
    await once(up, "exit");
    expect(readFileSync(`/proc/${pid}/comm`, "utf8")).toMatch(/^qemu/);

    expect(await stack.succeed("destroy")).toContain("was killed: freeing its lock");
    expect(await identify(pid)).toBeUndefined();
    expect(existsSync(stackDir)).toBe(false);
  },
  2 * MINUTE_MS,
);
