// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { MAX_TOKENS, TOKEN_LIFE_MS, Tokens } from "../../../../../runtime/cri/streaming/tokens.ts";

function tokens() {
  let now = 0;
  return {
    table: new Tokens<string>({ monotonic: () => now }),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe("Tokens", () => {
  it("gives what a token stands for once", () => {
    const { table } = tokens();
    const token = table.issue("a");
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(table.take(token)).toBe("a");
    expect(table.take(token)).toBeUndefined();
    expect(table.take("")).toBeUndefined();
  });

  it("forgets a token after a minute", () => {
    const { table, pass } = tokens();
    const old = table.issue("old");
    pass(1);
    const young = table.issue("young");
    pass(TOKEN_LIFE_MS - 1);
    expect(table.take(old)).toBeUndefined();
    expect(table.take(young)).toBe("young");
  });

  it("refuses when 1000 wait, until some are taken or too old", () => {
    const { table, pass } = tokens();
    const first = table.issue("0");
    for (let count = 1; count < MAX_TOKENS; count += 1) {
      table.issue(String(count));
    }
    expect(() => table.issue("x")).toThrow("1000 wait for their clients already");
    table.take(first);
    table.issue("x");
    expect(() => table.issue("y")).toThrow("Cannot begin a streaming session");
    pass(TOKEN_LIFE_MS);
    table.issue("y");
  });
});
