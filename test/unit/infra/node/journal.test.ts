// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { isWanted, lastBoot, type Selection } from "../../../../infra/node/plan/select.ts";
import { shortLine } from "../../../../infra/node/plan/short-lines.ts";
import { JournalWriter, KERNEL_AT_MS } from "../../../helpers/journal.ts";

const ALL: Selection = { units: [], sinceMs: undefined, allStarts: false };

function two(): JournalWriter {
  const journal = new JournalWriter("0".repeat(32)).from(1, "kubelet.service", "old");
  const again = new JournalWriter()
    .say(1, { SYSLOG_IDENTIFIER: "kernel", MESSAGE: "Linux" })
    .from(2, "kubelet.service", "first")
    .unit(3, "Started", "kubelet.service", "done")
    .from(4, "corefly-cri.service", "Serving", "node");
  journal.lines.push(...again.lines);
  return journal;
}

function lines(selection: Partial<Selection>): readonly string[] {
  const journal = two();
  const boot = lastBoot(journal.lines);
  return journal.entries
    .filter((entry) => isWanted(entry, { ...ALL, ...selection }, boot))
    .map((entry) => shortLine("n", entry));
}

describe("shortLine()", () => {
  it("is as journalctl writes it, in UTC", () => {
    expect(lines({})).toEqual([
      "Nov 25 01:20:01 n kernel: Linux",
      "Nov 25 01:20:02 n corefly[812]: first",
      "Nov 25 01:20:03 n systemd[1]: Started kubelet.service - What it is for.",
      "Nov 25 01:20:04 n node[812]: Serving",
    ]);
  });

  it("sets further lines of a message below its first", () => {
    const [entry] = new JournalWriter().from(1, "a.service", "one\ntwo\n", "a").entries;
    expect(entry && shortLine("n", entry)).toBe(
      "Nov 25 01:20:01 n a[812]: one\n                          two",
    );
  });

  it("has nothing in it that a terminal would obey", () => {
    const [entry] = new JournalWriter().from(
      1,
      "a",
      "\u001b[2Jgone\u0007\u009b",
      "\u001b]0;x",
    ).entries;
    expect(entry && shortLine("n", entry)).toBe(
      "Nov 25 01:20:01 n \ufffd]0;x[812]: \ufffd[2Jgone\ufffd\ufffd",
    );
  });
});

describe("isWanted()", () => {
  it("takes the last start, or all", () => {
    expect(lines({ allStarts: true })[0]).toBe("Nov 25 01:20:01 n corefly[812]: old");
  });

  it("takes what units say and what is said about them", () => {
    expect(lines({ units: ["kubelet.service"] }).map((line) => line.slice(18, 27))).toEqual([
      "corefly[8",
      "systemd[1",
    ]);
  });

  it("takes what came since", () => {
    expect(lines({ sinceMs: KERNEL_AT_MS + 3_000 })).toHaveLength(2);
  });
});

describe("lastBoot()", () => {
  it("is that of the last whole line", () => {
    const { lines: all } = two();
    expect(lastBoot([...all, '{"_BOOT_ID":"cut'])).toBe("d6af35d9a292454fbc9c8294033d546d");
    expect(lastBoot(["", "x"])).toBeUndefined();
  });
});
