// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseBenchOptions } from "../../bench/options.ts";

describe("parseBenchOptions()", () => {
  it("has defaults, takes the environment, and flags before that", () => {
    const defaults = { pods: 50, atOnce: 20, calls: 10_000, json: undefined, check: false };
    expect(parseBenchOptions([], {})).toEqual(defaults);
    expect(
      parseBenchOptions(["--pods=7", "--check"], { BENCH_PODS: "9", BENCH_CALLS: "100" }),
    ).toEqual({ ...defaults, pods: 7, calls: 100, check: true });
    expect(parseBenchOptions(["--help"], {})).toBe("help");
  });

  it.each([
    [["--pods=0"], 'Cannot use --pods="0": expected a number from 1 to 9999999'],
    [["--calls=many"], 'Cannot use --calls="many": expected a number from 1 to 9999999'],
    [["--fast"], "Unknown option '--fast'"],
    [["pods"], "Unexpected argument 'pods'"],
  ])("refuses %j", (args, message) => {
    expect(() => parseBenchOptions(args, {})).toThrow(message);
  });
});
