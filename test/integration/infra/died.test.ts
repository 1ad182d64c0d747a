// SPDX-License-Identifier: Apache-2.0
// What dies by itself is brought back by a plain `up`, with no refresh, and a preview says so: the mirror's process killed,
// or gone with a reboot of the workstation.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { EngineStack } from "../../helpers/engine-stack.ts";
import { waitFor } from "../../helpers/wait-for.ts";

jest.setTimeout(120_000);

const stack = new EngineStack("without-machine");
let url = "";
let record = "";

beforeAll(async () => {
  await stack.succeed("up");
  const outputs = await stack.outputs();
  url = outputs["url"] ?? "";
  record = join(dirname(outputs["logPath"] ?? ""), "process.json");
});
afterAll(async () => {
  await stack.run("destroy");
  stack.remove();
});

interface DaemonFile {
  readonly process: { readonly pid: number; readonly startTicks: string; readonly bootId: string };
}

function daemon(): DaemonFile {
  return JSON.parse(readFileSync(record, "utf8")) as DaemonFile;
}

async function whose(): Promise<string> {
  const response = await fetch(`${url}/whose`, { headers: { connection: "close" } });
  return response.text();
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await waitFor(() =>
    whose().then(
      () => false,
      () => true,
    ),
  );
}

describe("a mirror that was killed", () => {
  it("serves again after a plain up, which changes nothing else", async () => {
    const { pid } = daemon().process;
    await kill(pid);
    expect((await stack.run("preview", ["--expect-no-changes"])).exitCode).not.toBe(0);
    const said = await stack.succeed("up");
    expect(said).toMatch(/~ 1 updated/);
    expect(said).not.toMatch(/created|replaced|deleted/);
    expect(await whose()).toContain(`${stack.name} of `);
    expect(daemon().process.pid).not.toBe(pid);
    await stack.succeed("up", ["--expect-no-changes"]);
  });
});

describe("a workstation that was rebooted", () => {
  it("gets its mirror back, and whoever has the old one's number now is left alone", async () => {
    const { process: identity, ...rest } = daemon();
    await kill(identity.pid);
    const bystander = { ...identity, pid: process.pid, bootId: identity.bootId.replace(/^./, "x") };
    writeFileSync(record, JSON.stringify({ ...rest, process: bystander }));
    await stack.succeed("up");
    expect(await whose()).toContain(`${stack.name} of `);
  });
});
