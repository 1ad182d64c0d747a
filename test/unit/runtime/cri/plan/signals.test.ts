// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { Signal } from "../../../../../runtime/cri/api-schema.ts";
import {
  parseSignal,
  signalName,
  signalNumber,
  signalOfNumber,
} from "../../../../../runtime/cri/plan/signals.ts";

describe("parseSignal()", () => {
  it.each([
    ["", 15],
    ["SIGTERM", 15],
    ["term", 15],
    ["9", 9],
    ["SIGRTMIN", 34],
    ["SIGRTMIN+3", 37],
    ["RTMIN+3", 37],
    ["37", 37],
    ["SIGRTMAX-2", 62],
    ["SIGCLD", 17],
  ])("%j is %d", (text, number) => {
    expect(parseSignal(text)).toBe(number);
  });

  it.each(["SIGNOTHING", "0", "65", "SIGRTMIN+31", "-1", "SIGRTMIN+x"])("refuses %j", (text) => {
    expect(() => parseSignal(text)).toThrow(`Cannot use stop signal "${text}"`);
  });
});

describe("signalNumber() and signalOfNumber()", () => {
  it("are each other's inverse for every signal that the kubelet can name", () => {
    for (const [name, signal] of Object.entries(Signal)) {
      const number = signalNumber(signal);
      if (signal === Signal.RUNTIME_DEFAULT) {
        expect(number).toBeUndefined();
        continue;
      }
      expect([name, number === undefined ? 0 : signalNumber(signalOfNumber(number))]).toEqual([
        name,
        number,
      ]);
    }
  });

  it("know the real-time signals by the names of the CRI", () => {
    expect(signalOfNumber(37)).toBe(Signal.SIGRTMINPLUS3);
    expect(signalOfNumber(49)).toBe(Signal.SIGRTMINPLUS15);
    expect(signalOfNumber(50)).toBe(Signal.SIGRTMAXMINUS14);
    expect(signalOfNumber(64)).toBe(Signal.SIGRTMAX);
    expect(signalOfNumber(33)).toBe(Signal.RUNTIME_DEFAULT);
  });
});

describe("signalName()", () => {
  it("is the usual one, or the number", () => {
    expect([15, 9, 37].map(signalName)).toEqual(["SIGTERM", "SIGKILL", "37"]);
  });
});
