// SPDX-License-Identifier: Apache-2.0
// Stacks of one program on one workstation: another stack, and the same stack of another checkout. Everything of a cluster
// but its machine is there for real. What one does, the others do not notice.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { EngineStack } from "../../helpers/engine-stack.ts";

jest.setTimeout(120_000);

const root = resolve(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "corefly-stacks-"));

/** A folder as `git clone` makes it, with the program in it. */
function checkout(name: string): string {
  const program = join(folder, name, "test/fixtures/programs/without-machine");
  mkdirSync(join(program, ".."), { recursive: true });
  cpSync(join(root, "test/fixtures/programs/without-machine"), program, { recursive: true });
  for (const shared of ["modules", "node_modules"]) {
    symlinkSync(join(root, shared), join(folder, name, shared));
  }
  return program;
}

function stackOf(program: string, name: string): EngineStack {
  return new EngineStack(program, { name, stateDir: join(program, ".state") });
}

const [here, there] = [checkout("a"), checkout("b")];
const stacks = [stackOf(here, "dev"), stackOf(here, "prod"), stackOf(there, "dev")];
type Outputs = Readonly<Record<string, string>>;
let outputs: readonly Outputs[];

async function whose({ url }: Outputs): Promise<string> {
  const response = await fetch(`${url}/whose`);
  return await response.text();
}

beforeAll(async () => {
  // At once: they also share the cache, and two of them the workspace.
  await Promise.all(stacks.map((stack) => stack.succeed("up")));
  outputs = await Promise.all(stacks.map((stack) => stack.outputs()));
});

afterAll(async () => {
  for (const stack of stacks) await stack.run("destroy");
  rmSync(folder, { recursive: true });
});

describe("stacks of one workstation", () => {
  it.each(["url", "logPath", "diskPath", "apiServerPort", "authority"])(
    "do not share their %s",
    (name) => {
      const values = outputs.map((each) => each[name]);
      expect(values).not.toContain(undefined);
      expect(new Set(values).size).toBe(stacks.length);
    },
  );

  it("have everything in the state folder of their checkout", () => {
    expect(outputs.map((each) => each["diskPath"])).toEqual([
      join(here, ".state/stacks/dev/disks/lab-controller-0-etcd/etcd.img"),
      join(here, ".state/stacks/prod/disks/lab-controller-0-etcd/etcd.img"),
      join(there, ".state/stacks/dev/disks/lab-controller-0-etcd/etcd.img"),
    ]);
  });

  it("serve their own files", async () => {
    expect(await Promise.all(outputs.map(whose))).toEqual([
      `dev of ${here}`,
      `prod of ${here}`,
      `dev of ${there}`,
    ]);
  });

  it("go on when one of them is destroyed, of which nothing is left", async () => {
    const [gone, ...others] = outputs;
    await stacks[0]?.succeed("destroy");
    await expect(whose(gone ?? {})).rejects.toThrow();
    expect(readdirSync(join(here, ".state/stacks"))).toEqual(["prod"]);
    expect(await Promise.all(others.map(whose))).toEqual([`prod of ${here}`, `dev of ${there}`]);
    for (const { diskPath = "" } of others) expect(existsSync(diskPath)).toBe(true);
    await stacks[1]?.succeed("preview", ["--expect-no-changes"]);
  });
});
