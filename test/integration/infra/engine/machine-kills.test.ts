// SPDX-License-Identifier: Apache-2.0
// CLU-10: everything of an `up` is killed while it makes a machine, again and again, then once by Ctrl-C. The next `up` takes over
// what is there, and there is one of each thing at the end.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { cutUp } from "../../../helpers/engine-kill.ts";
import { EngineStack } from "../../../helpers/engine-stack.ts";
import { freePort } from "../../../helpers/free-port.ts";
import { processesOf } from "../../../helpers/processes.ts";
import { pulumiWithCache } from "../../../helpers/pulumi-with-cache.ts";
import { releaseTiny, tinyCounts, tinyMachine } from "../../../helpers/tiny-machine.ts";

jest.setTimeout(600_000);

/** In a row; `make test-long` has more. */
const RANDOM_KILLS = process.env["COREFLY_LONG"] ? 10 : 2;
const seed = Number(process.env["COREFLY_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

const stack = new EngineStack("machine");
const stackDir = join(stack.stateDir, "stacks", stack.name);
const node = join(stackDir, "nodes/node-1");
const disk = join(stackDir, "disks/node-1-etcd/etcd.img");
let port = 0;
/** Does not come up before it is let go on. */
let held = "";
let quick = "";

beforeAll(async () => {
  const cacheDir = join(stack.stateDir, "cache");
  held = tinyMachine(cacheDir, { held: true });
  quick = tinyMachine(cacheDir);
  port = await freePort();
  stack.env = { ...(await pulumiWithCache(cacheDir)), ...machine() };
});
afterAll(async () => {
  await stack.run("destroy");
  stack.remove();
});

function machine(more: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  const ports = [{ host: port, guest: 6443 }];
  return { COREFLY_TEST_MACHINE: JSON.stringify({ image: held, ports, ...more }) };
}

const machines = () => processesOf(stackDir, "qemu-system");

/** mulberry32: the same times for the same seed. */
function random(state: number): () => number {
  let current = state;
  return () => {
    current = (current + 0x6d2b79f5) | 0;
    let mixed = Math.imul(current ^ (current >>> 15), 1 | current);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What must be true of a stack that is whole. */
async function expectOneOfEach(): Promise<number> {
  const running = await machines();
  expect(running).toHaveLength(1);
  const [pid = 0] = running;
  expect(JSON.parse(readFileSync(join(node, "process.json"), "utf8")).process.pid).toBe(pid);
  expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toContain(`hostfwd=tcp:127.0.0.1:${port}-`);
  expect(stack.pendingOperations()).toEqual([]);
  const custom = stack.resources().filter(({ type }) => type.startsWith("corefly:"));
  expect(custom.map(({ type }) => type).sort()).toEqual([
    "corefly:index:Disk",
    "corefly:index:QemuMachine",
  ]);
  await stack.succeed("preview", ["--expect-no-changes"]);
  return pid;
}

async function expectNothing(): Promise<void> {
  expect(await machines()).toEqual([]);
  expect(existsSync(stackDir)).toBe(false);
  expect(stack.resources().filter(({ type }) => type.startsWith("corefly:"))).toEqual([]);
}

describe("an `up` that is ended while it makes a machine", () => {
  it("by SIGKILL in a row, then by Ctrl-C: the next one goes on with the machine that is there", async () => {
    for (const afterMs of [200, 1000, 3000]) {
      await cutUp(stack, { when: isMaking, afterMs, signal: "SIGKILL" });
      expect((await machines()).length).toBeLessThanOrEqual(1);
    }
    await cutUp(stack, { when: hasRecord, afterMs: 0, signal: "SIGKILL" });
    const [before] = await machines();
    expect(before).toBeDefined();
    const said = await cutUp(stack, { when: isMaking, afterMs: 500, signal: "SIGINT" });
    expect(said).toContain("was killed: freeing its lock");
    expect(said).toContain(`A killed run left machine "node-1" (process ${before})`);
    expect(said).toContain(
      `Goes on with the machine that an earlier run started, process ${before}`,
    );
    expect(said).toContain("cancelled; last on its console: ");
    expect(stack.resources().map(({ type }) => type)).toContain("corefly:index:QemuMachine");
    releaseTiny(disk);
    const last = await stack.succeed("up");
    expect(await expectOneOfEach()).toBe(before);
    expect(last).not.toContain("was killed");
    expect(tinyCounts(disk)).toEqual({ starts: 1, powerDowns: 0 });
    await stack.succeed("destroy");
    await expectNothing();
  });

  it(`by SIGKILL at ${RANDOM_KILLS} random times`, async () => {
    const next = random(seed);
    for (let kill = 1; kill <= RANDOM_KILLS; kill += 1) {
      const afterMs = Math.floor(next() * 4000);
      try {
        const when = () => existsSync(join(stackDir, "disks"));
        await cutUp(stack, { when, afterMs, signal: "SIGKILL" });
        expect((await machines()).length).toBeLessThanOrEqual(1);
      } catch (cause) {
        throw new Error(`seed ${seed}, kill ${kill} after ${afterMs} ms: ${String(cause)}`, {
          cause,
        });
      }
    }
    // Another one than all of them wanted.
    stack.env = { ...stack.env, ...machine({ image: quick }) };
    const left = await machines();
    const said = await stack.succeed("up");
    for (const pid of left) {
      expect(said).toContain(`Ends what an earlier run started otherwise, process ${pid}`);
    }
    await expectOneOfEach();
    await stack.succeed("destroy");
    await expectNothing();
  });

  it("leaves nothing that a destroy does not remove, and the output says what", async () => {
    stack.env = { ...stack.env, ...machine() };
    await cutUp(stack, { when: hasRecord, afterMs: 500, signal: "SIGKILL" });
    const [pid] = await machines();
    const said = await stack.succeed("destroy");
    expect(said).toContain(
      `Removed machine "node-1" (process ${pid}), which a killed run had not recorded`,
    );
    await expectNothing();
  });
});

function hasRecord(): boolean {
  return existsSync(join(node, "process.json"));
}

function isMaking(said: string): boolean {
  return /QemuMachine node-1 creating/.test(said);
}
