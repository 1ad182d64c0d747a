// SPDX-License-Identifier: Apache-2.0
// Keys in the state of a cluster: encrypted, in every copy that the engine keeps, and in what it says. The machine has an
// empty disk and is given up after seconds: what is remembered of it has the whole Ignition config.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { blankMachine } from "../../helpers/blank-machine.ts";
import { EngineStack } from "../../helpers/engine-stack.ts";
import type { Ran } from "../../helpers/program.ts";

jest.setTimeout(120_000);

const stack = new EngineStack("without-machine");
let up: Ran;
let outputs: Readonly<Record<string, string>>;

/** The head of a key as it is, in a data URL, and in base64 at each of the three offsets. */
const KEY = new RegExp(
  [
    "PRIVATE KEY",
    "PRIVATE%20KEY",
    ...[0, 1, 2].map((offset) =>
      Buffer.from(`${"-".repeat(offset)}PRIVATE KEY`)
        .subarray(0, 9 + offset)
        .toString("base64")
        .slice(offset === 0 ? 0 : offset + 1, 12),
    ),
  ].join("|"),
);

beforeAll(async () => {
  stack.env = await blankMachine(join(stack.stateDir, "cache"));
  up = await stack.run("up");
  outputs = await stack.outputs();
});

afterAll(async () => {
  await stack.run("destroy");
  stack.remove();
});

function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => isWritten(path));
}

/** An empty disk is a large file without a block. */
function isWritten(path: string): boolean {
  const found = statSync(path);
  return found.isFile() && found.blocks > 0;
}

describe("keys", () => {
  it("are there, once the secrets are shown", () => {
    expect(outputs["ignition"]).toMatch(KEY);
    expect(outputs["kubeconfig"]).toMatch(KEY);
  });

  it("are not in the state, its backups and its history", () => {
    const files = filesOf(join(stack.stateDir, "pulumi/.pulumi"));
    const kept = files.filter((path) => /\.json(\.bak)?$/.test(path));
    expect(kept.length).toBeGreaterThan(2);
    expect(files.filter((path) => KEY.test(readFileSync(path, "latin1")))).toEqual([]);
  });

  it("are in the state of a machine that did not come up only as ciphertext", () => {
    const machine = stack.resources().find(({ type }) => type === "corefly:index:QemuMachine");
    expect(machine).toMatchObject({ inputs: { ignition: { ciphertext: expect.any(String) } } });
  });

  it("are not in what the engine says, nor in its logs", () => {
    expect(up.exitCode).not.toBe(0);
    expect(up.stdout + up.stderr).not.toMatch(KEY);
    expect(up.stdout).toContain("took longer than 5 s");
    const logs = filesOf(join(stack.stateDir, "pulumi/home"));
    expect(logs.filter((path) => KEY.test(readFileSync(path, "latin1")))).toEqual([]);
  });

  it("are on the workstation's disk only where nobody but root reads", () => {
    const plain = filesOf(stack.stateDir).filter((path) => KEY.test(readFileSync(path, "latin1")));
    expect(plain).toEqual([
      join(stack.stateDir, "stacks", stack.name, "nodes/lab-controller-0/config.ign"),
    ]);
    for (const path of plain) {
      expect(statSync(path).mode & 0o077).toBe(0);
      expect(statSync(dirname(path)).mode & 0o077).toBe(0);
    }
    expect(statSync(join(stack.stateDir, "passphrase")).mode & 0o077).toBe(0);
  });
});
