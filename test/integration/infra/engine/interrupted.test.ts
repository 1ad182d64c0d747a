// SPDX-License-Identifier: Apache-2.0
// What becomes of a stack when a resource fails, a user interrupts, or somebody kills the run: the next one goes on.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { EngineStack } from "../../../helpers/engine-stack.ts";

const MINUTE_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "corefly-mishap-"));
const stack = new EngineStack("interrupted");
const path = join(folder, "thing");

beforeEach(() => {
  stack.env = { COREFLY_TEST_PATH: path };
});
afterEach(async () => {
  await stack.succeed("destroy");
  expect(existsSync(path)).toBe(false);
}, MINUTE_MS);
afterAll(() => {
  stack.remove();
  rmSync(folder, { recursive: true });
});

/** Starts an `up` that hangs once the file is there. */
async function hangingUp(): Promise<ChildProcess> {
  const [file, args] = stack.command("up");
  const child = spawn(file, [...args], {
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      ...stack.environment({ COREFLY_TEST_MISHAP: "hang" }),
    },
    stdio: "ignore",
  });
  for (let waitedMs = 0; !existsSync(path); waitedMs += 100) {
    if (waitedMs > MINUTE_MS) throw new Error("found no file, expected the resource to make one");
    await sleep(100);
  }
  return child;
}

/** Children of a process, by /proc. */
function childrenOf(pid: number | undefined): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter(Boolean)
    .map(Number);
}

/** Processes that work for this stack still. */
function leftovers(): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(
          `COREFLY_STATE=${stack.stateDir}`,
        );
      } catch {
        return false;
      }
    });
}

describe("a resource that fails", () => {
  it(
    "is one line for the user, and made by the next run",
    async () => {
      const failed = await stack.run("up", [], { COREFLY_TEST_MISHAP: "fail" });
      expect(failed.exitCode).not.toBe(0);
      expect(failed.stdout).toContain(`Cannot make "${path}": the test wants it so`);
      expect(failed.stdout).not.toMatch(/^ +at /m);
      await stack.succeed("up");
      expect((await stack.outputs())["attempt"]).toBe("created");
    },
    MINUTE_MS,
  );

  it(
    "half-way is kept with its reason, its secrets encrypted, and updated by the next run",
    async () => {
      const failed = await stack.run("up", [], { COREFLY_TEST_MISHAP: "partial" });
      expect(failed.exitCode).not.toBe(0);
      expect(failed.stdout).toContain("Unit demo.service failed");
      expect(stack.resources().map(({ id }) => id)).toContain(path);
      expect(stack.stateText()).not.toContain("hunter2");
      await stack.succeed("up");
      expect(await stack.outputs()).toEqual({
        attempt: "updated",
        secret: "hunter2-of-the-mishap",
      });
    },
    MINUTE_MS,
  );
});

describe("a resource that disappears", () => {
  it(
    "is made again by the next up, without a refresh",
    async () => {
      await stack.succeed("up");
      rmSync(path);
      expect(await stack.succeed("up")).toContain("created");
      expect(existsSync(path)).toBe(true);
      await stack.succeed("up", ["--expect-no-changes"]);
    },
    2 * MINUTE_MS,
  );
});

describe("a run that is ended", () => {
  it(
    "by its user leaves no process and no lock",
    async () => {
      const child = await hangingUp();
      child.kill("SIGTERM");
      await once(child, "exit");
      expect(child.exitCode).not.toBe(0);
      expect(leftovers()).toEqual([]);
      expect(await stack.succeed("up")).not.toContain("killed");
    },
    2 * MINUTE_MS,
  );

  it(
    "by SIGKILL is recovered from by the next one",
    async () => {
      const child = await hangingUp();
      const pulumi = childrenOf(child.pid);
      expect(pulumi).toHaveLength(1);
      const locked = await stack.run("up");
      expect(locked.stderr).toContain(`process ${pulumi[0]} has been working on it since`);
      child.kill("SIGKILL");
      for (const pid of pulumi) process.kill(pid, "SIGKILL");
      for (let waitedMs = 0; leftovers().length > 0; waitedMs += 100) {
        if (waitedMs > 10_000) throw new Error(`found processes ${leftovers()}, expected none`);
        await sleep(100);
      }
      const said = await stack.succeed("up");
      expect(said).toContain("was killed: freeing its lock");
      expect((await stack.outputs())["attempt"]).toBe("created");
    },
    2 * MINUTE_MS,
  );
});
