// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { hasWork, pulumiArguments } from "../../../../infra/engine/commands.ts";
import { findPlace } from "../../../../infra/engine/workspace.ts";

const run = { stack: "dev", args: ["--diff"], say: () => undefined };

describe("pulumiArguments()", () => {
  it("asks nothing, and is short when nobody watches", () => {
    expect(pulumiArguments("up", { ...run, isTerminal: false })).toEqual([
      "up",
      "--yes",
      "--stack",
      "dev",
      "--suppress-progress",
      "--non-interactive",
      "--suppress-permalink=true",
      "--diff",
    ]);
  });

  it("leaves the terminal to Pulumi's display", () => {
    expect(pulumiArguments("preview", { ...run, isTerminal: true })).toEqual([
      "preview",
      "--stack",
      "dev",
      "--diff",
    ]);
    expect(pulumiArguments("destroy", { ...run, isTerminal: true })).toEqual([
      "destroy",
      "--yes",
      "--skip-preview",
      "--stack",
      "dev",
      "--diff",
    ]);
  });
});

describe("hasWork()", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "corefly-commands-"));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: demo\nruntime: nodejs\n");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function asked(command: Parameters<typeof hasWork>[1]): readonly [boolean, readonly string[]] {
    const said: string[] = [];
    const place = findPlace({ projectDir: folder, environment: {} });
    const work = hasWork(place, command, { stack: "dev", say: (text) => said.push(text) });
    return [work, said];
  }

  it.each(["destroy", "refresh"] as const)(
    "has nothing to %s without a stack, and makes nothing",
    (command) => {
      expect(asked(command)).toEqual([false, ['Stack "dev" does not exist: nothing to do']]);
      expect(readdirSync(folder)).toEqual(["Pulumi.yaml"]);
    },
  );

  it("refuses to show what a missing stack gave", () => {
    expect(() => asked("output")).toThrow('Cannot show outputs of stack "dev": it does not exist');
  });

  it("has a stack to make, or to work on", () => {
    expect(asked("up")).toEqual([true, []]);
    expect(asked("preview")).toEqual([true, []]);
    mkdirSync(join(folder, ".state/pulumi/.pulumi/stacks/demo"), { recursive: true });
    writeFileSync(join(folder, ".state/pulumi/.pulumi/stacks/demo/dev.json"), "{}");
    expect(asked("destroy")).toEqual([true, []]);
  });
});
