// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { linuxExec } from "../../../../runtime/system/exec.ts";

describe("linuxExec.turn()", () => {
  it("gives each caller a round of the event loop of its own, in their order", async () => {
    let round = 0;
    let isOver = false;
    const count = () => {
      round += 1;
      if (!isOver) {
        setImmediate(count);
      }
    };
    setImmediate(count);
    const rounds: number[] = [];
    await Promise.all(
      ["a", "b", "c"].map(async () => {
        await linuxExec.turn();
        rounds.push(round);
      }),
    );
    isOver = true;
    const [first = 0] = rounds;
    expect(rounds).toEqual([first, first + 1, first + 2]);
  });
});
