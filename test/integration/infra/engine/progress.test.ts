// SPDX-License-Identifier: Apache-2.0
// What Pulumi's own display shows in a terminal while a node starts, and what it says when the cluster is not ready in time; then
// nobody needs the API server to refresh, to go on, or to destroy.
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { EngineStack } from "../../../helpers/engine-stack.ts";
import { freePort } from "../../../helpers/free-port.ts";
import { processesOf } from "../../../helpers/processes.ts";
import { type Ran, run } from "../../../helpers/program.ts";
import { pulumiWithCache } from "../../../helpers/pulumi-with-cache.ts";
import { tinyMachine } from "../../../helpers/tiny-machine.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

jest.setTimeout(120_000);

const stack = new EngineStack("machine");
const stackDir = join(stack.stateDir, "stacks", stack.name);
const journal = join(stackDir, "nodes/node-1/journal.jsonl");
const terminal = join(import.meta.dirname, "../../../fixtures/bin/in-terminal.py");

beforeAll(async () => {
  const cacheDir = join(stack.stateDir, "cache");
  const image = tinyMachine(cacheDir, { kernelTicks: 40, ignitionTicks: 40 });
  const ready = { port: await freePort(), timeout: "5s" };
  stack.env = {
    ...(await pulumiWithCache(cacheDir)),
    COREFLY_TEST_MACHINE: JSON.stringify({ image, ready }),
  };
});
afterAll(async () => {
  await stack.run("destroy");
  stack.remove();
});

const machines = () => processesOf(stackDir, "qemu-system");

/** In a terminal that is wide enough for whole rows; control sequences are left out. */
async function upInTerminal(): Promise<Ran> {
  const [file, args] = stack.command("up");
  const script = 'stty cols 170; exec "$@"';
  const ran = await run("python3", [terminal, "sh", "-c", script, "sh", file, ...args], {
    env: stack.environment(),
  });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals' control sequences
  return { ...ran, stdout: ran.stdout.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, "") };
}

function said(seconds: number, fields: Readonly<Record<string, string>>): void {
  const entry = {
    _BOOT_ID: "1".repeat(32),
    __MONOTONIC_TIMESTAMP: String(seconds * 1_000_000),
    __REALTIME_TIMESTAMP: String(Date.now() * 1000),
    PRIORITY: "6",
    ...fields,
  };
  appendFileSync(journal, `${JSON.stringify(entry)}\n`);
}

describe("the display of an `up`", () => {
  it("has a node's phase with seconds in a row, and ends with the last words of what is not ready", async () => {
    const up = upInTerminal();
    await waitFor(() => existsSync(journal), 60_000);
    await waitFor(() => stack.resources().some(({ type }) => type.endsWith("QemuMachine")), 60_000);
    said(7, { SYSLOG_IDENTIFIER: "ignition", MESSAGE: "Ignition finished successfully" });
    said(9, { _PID: "1", UNIT: "corefly-install.service", JOB_RESULT: "done" });
    said(12, { _SYSTEMD_UNIT: "kubelet.service", MESSAGE: "E1125 04:00:00 no space left" });
    const { exitCode, stdout } = await up;
    expect(stdout).toMatch(
      /QemuMachine +node-1 +creating \(\d+s\)[. ]+kernel \(\d+ s\), \d+ s since power-on/,
    );
    expect(stdout).toMatch(
      /QemuMachine +node-1 +creating \(\d+s\)[. ]+Ignition \([1-9] s\), \d+ s since power-on/,
    );
    expect(stdout).toMatch(
      /ClusterReady +ready +creating \(\d+s\)[. ]+node-1: kubelet \(\d+ s\), \d+ s since power-on: waiting for the API server/,
    );
    expect(exitCode).not.toBe(0);
    expect(stdout).toMatch(/after \d+ s still waiting for the API server, in phase kubelet/);
    expect(stdout).toContain("kubelet.service: E1125 04:00:00 no space left");
    expect(stdout).toContain("console: Reached target multi-user.target");
  });
});

describe("a cluster whose API server does not answer", () => {
  it("is refreshed, gone on with and destroyed all the same", async () => {
    const before = await machines();
    expect(before).toHaveLength(1);
    await stack.succeed("refresh");
    const again = await stack.run("up");
    expect(again.exitCode).not.toBe(0);
    expect(again.stdout).toMatch(/ClusterReady ready updating/);
    expect(again.stdout).toContain("still waiting for the API server");
    expect(await machines()).toEqual(before);
    await stack.succeed("destroy");
    expect(await machines()).toEqual([]);
    expect(existsSync(stackDir)).toBe(false);
  });
});
