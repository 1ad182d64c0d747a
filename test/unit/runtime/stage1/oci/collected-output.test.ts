// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import {
  collectOutput,
  MAX_EXEC_OUTPUT_BYTES,
  OutputBudget,
} from "../../../../../runtime/stage1/oci/collected-output.ts";

const KIB = 1024;

async function collected(bytes: number, budget: OutputBudget) {
  const stream = new PassThrough();
  const output = collectOutput(stream, budget);
  for (let left = bytes; left > 0; left -= 32 * KIB) {
    stream.write(Buffer.alloc(Math.min(left, 32 * KIB), 1));
  }
  stream.end();
  await output.ended;
  return output;
}

describe("collectOutput()", () => {
  it("keeps all of what is printed, up to what a client takes", async () => {
    const budget = new OutputBudget();
    expect((await collected(100_001, budget)).bytes()).toHaveLength(100_001);
    const most = await collected(MAX_EXEC_OUTPUT_BYTES + 5 * KIB, budget);
    expect(most.bytes()).toHaveLength(MAX_EXEC_OUTPUT_BYTES);
  });

  it("of many commands keeps little each once their total is reached, and more when others are done", async () => {
    const budget = new OutputBudget(1000 * KIB);
    const first = await collected(990 * KIB, budget);
    const second = await collected(200 * KIB, budget);
    const third = await collected(200 * KIB, budget);
    expect([first, second, third].map((each) => each.bytes().length / KIB)).toEqual([990, 64, 64]);
    first.close();
    first.close();
    expect((await collected(200 * KIB, budget)).bytes().length / KIB).toBe(200);
  });
});
