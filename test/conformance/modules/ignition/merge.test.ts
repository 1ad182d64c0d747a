// SPDX-License-Identifier: Apache-2.0
// Our merge against Ignition's, on random configs.
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type IgnitionConfig, merge, render } from "../../../../modules/ignition/index.ts";
import { mergeable } from "./mergeable.ts";
import { mergeProgram, OBTAIN_TIMEOUT_MS, type TemporaryProgram } from "./programs.ts";

let program: TemporaryProgram;
beforeAll(async () => {
  program = await mergeProgram();
}, OBTAIN_TIMEOUT_MS);
afterAll(() => program.remove());

test("merge() makes of any configs what Ignition makes of them", () => {
  const lists = fc.array(mergeable, { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(lists, { minLength: 10, maxLength: 20 }), (batch) => {
      expect(batch.map(ours)).toEqual(theirs(batch));
    }),
    { numRuns: 100 },
  );
});

function ours(list: readonly IgnitionConfig[]): string {
  const [base, ...snippets] = list.map((config, index) => ({ name: `${index}`, config }));
  if (base === undefined) throw new Error("Cannot merge nothing");
  return render(merge(base, snippets).config);
}

function theirs(batch: readonly (readonly IgnitionConfig[])[]): readonly string[] {
  const { status, stdout, stderr } = spawnSync(program.path, {
    input: JSON.stringify(batch),
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const merged: readonly IgnitionConfig[] = JSON.parse(stdout);
  return merged.map(render);
}
