// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { lineLog, parseLogLevel } from "../../../../runtime/cri/log.ts";

function written(level: "debug" | "info" | "warn" | "error", journal: boolean) {
  const lines: string[] = [];
  return { lines, log: lineLog({ level, journal, write: (line) => lines.push(line) }) };
}

describe("lineLog()", () => {
  it("writes a line an event, fields behind the message, quoted where they must be", () => {
    const { lines, log } = written("debug", false);
    log.info("Pod runs", { pod: "a/b", ip: undefined, error: "two words", ms: 3 });
    log.debug("one\ntwo");
    expect(lines).toEqual(['info: Pod runs pod=a/b error="two words" ms=3\n', "debug: one two\n"]);
  });

  it("leaves out what is below its level, and begins lines with journald's priority", () => {
    const { lines, log } = written("warn", true);
    log.info("no");
    log.debug("no");
    log.warn("yes");
    log.error("yes");
    expect(lines).toEqual(["<4>yes\n", "<3>yes\n"]);
  });
});

describe("parseLogLevel()", () => {
  it("knows four levels", () => {
    expect(["debug", "info", "warn", "error", "loud", ""].map(parseLogLevel)).toEqual([
      "debug",
      "info",
      "warn",
      "error",
      undefined,
      undefined,
    ]);
  });
});
