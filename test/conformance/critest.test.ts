// SPDX-License-Identifier: Apache-2.0
// The CRI's own judge. Which specs pass and which do not is written down spec by spec, so that none can break, heal or vanish
// unnoticed: critest-passed.txt, and critest-pending.txt with what became of each of the others, and why.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { CritestNode, type SpecResult } from "../helpers/critest/run.ts";
import { unpackedArtifact } from "../helpers/unpacked-artifact.ts";

/** Most specs wait most of the time. */
const AT_A_TIME = 4;
/** The order of the specs: the same one each time. */
const SEED = 1;
const LEAST_PASSED = 95;

let critest: CritestNode;
let results: readonly SpecResult[];
beforeAll(async () => {
  critest = await CritestNode.start(join(unpackedArtifact("critest"), "critest"));
  results = await critest.run(AT_A_TIME, `-ginkgo.seed=${SEED}`);
}, 300_000);
afterAll(async () => {
  await critest.remove();
}, 60_000);

const lines = (name: string): readonly string[] =>
  readFileSync(join(import.meta.dirname, name), "utf8")
    .trimEnd()
    .split("\n");

describe("critest v1.37", () => {
  it("passes these specs, and at least 95", () => {
    const passed = lines("critest-passed.txt");
    expect(passed.length).toBeGreaterThanOrEqual(LEAST_PASSED);
    const others = results.filter(({ name, state }) => state !== "passed" && passed.includes(name));
    expect(others).toEqual([]);
    expect(namesOf(results.filter(({ state }) => state === "passed"))).toEqual(passed);
  });

  it("skips or fails the others, for a reason that is known", () => {
    // NAME # STATE: REASON
    const pending = lines("critest-pending.txt").map(
      (line) => /^(.+ # [a-z]+): .+$/.exec(line)?.[1] ?? `without a reason: ${line}`,
    );
    const others = results.filter(({ state }) => state !== "passed");
    expect(others.map(({ name, state }) => `${name} # ${state}`).sort()).toEqual(pending);
  });

  it("leaves nothing on the node", () => {
    expect(critest.node.leftovers()).toEqual([]);
  });
});

function namesOf(specs: readonly SpecResult[]): readonly string[] {
  return specs.map(({ name }) => name).sort();
}
