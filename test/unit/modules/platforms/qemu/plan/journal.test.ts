// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseJournalLine } from "../../../../../../modules/platforms/qemu/plan/journal.ts";

// journalctl --output=json of systemd 252, of a lab machine.
const REAL = `{"_PID":"1","UNIT":"basic.target","JOB_TYPE":"start","SYSLOG_IDENTIFIER":"systemd","__CURSOR":"s=c4;i=352","_BOOT_ID":"d6af35d9a292454fbc9c8294033d546d","__MONOTONIC_TIMESTAMP":"34162533","PRIORITY":"6","__REALTIME_TIMESTAMP":"1795569601995847","_SYSTEMD_UNIT":"init.scope","JOB_RESULT":"done","MESSAGE":"Reached target basic.target - Basic System."}`;

describe("parseJournalLine", () => {
  it("reads what systemd says about a unit", () => {
    expect(parseJournalLine(REAL)).toEqual({
      bootId: "d6af35d9a292454fbc9c8294033d546d",
      sinceBootMs: 34_162.533,
      timeMs: 1_795_569_601_995.847,
      message: "Reached target basic.target - Basic System.",
      identifier: "systemd",
      pid: 1,
      unit: "basic.target",
      fromManager: true,
      priority: 6,
      jobResult: "done",
    });
  });

  it("reads a message of bytes that are not UTF-8", () => {
    const line = REAL.replace(/"MESSAGE":"[^"]*"/, '"MESSAGE":[104,105,255]');
    expect(parseJournalLine(line)?.message).toBe("hi\ufffd");
  });

  it("takes a unit's own words as those of the unit", () => {
    const line = REAL.replace('"_PID":"1"', '"_PID":"77"').replace(
      '"init.scope"',
      '"kubelet.service"',
    );
    const entry = parseJournalLine(line);
    expect([entry?.fromManager, entry?.unit]).toEqual([false, "kubelet.service"]);
  });

  it("ignores lines that were cut off", () => {
    expect(parseJournalLine(REAL.slice(0, 100))).toBeUndefined();
    expect(parseJournalLine("")).toBeUndefined();
    expect(parseJournalLine("null")).toBeUndefined();
    expect(parseJournalLine("{}")).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => void parseJournalLine(line)));
  });
});
