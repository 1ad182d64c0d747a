// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { pulumiArguments } from "../../../../infra/engine/commands.ts";

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
