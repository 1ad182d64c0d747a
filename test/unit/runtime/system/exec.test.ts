// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { linuxExec } from "../../../../runtime/system/exec.ts";

describe("linuxExec.abort()", () => {
  it("ends the process there and then, with one line", () => {
    const source = join(import.meta.dirname, "../../../../runtime/system/exec.ts");
    const script = `
      import { linuxExec } from ${JSON.stringify(source)};
      process.on("exit", () => console.log("exit"));
      try {
        linuxExec.abort("no way home");
      } finally {
        console.log("went on");
      }`;
    const { signal, stdout, stderr } = spawnSync(
      "sh",
      ["-c", 'ulimit -c 0; exec "$0" "$@"', process.execPath, "--input-type=module", "-e", script],
      { encoding: "utf8", env: { NODE_NO_WARNINGS: "1" } },
    );
    expect({ signal, stdout }).toEqual({ signal: "SIGABRT", stdout: "" });
    expect(stderr.split("\n")[0]).toBe("no way home");
  });
});

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
