// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { barChart, patterns, ticks } from "../../../../infra/report/plan/chart.ts";
import { page } from "../../../../infra/report/plan/page.ts";
import { seenPhases } from "../../../../infra/report/plan/seen-phases.ts";
import { duration, escapeHtml, megabytes, share } from "../../../../infra/report/plan/text.ts";
import {
  NO_TIMELINE,
  nodeTimeline,
  watchTimeline,
} from "../../../../infra/report/plan/timeline.ts";
import { type JournalWriter, startOfNode } from "../../../helpers/journal.ts";

const watched = (journal: JournalWriter) => journal.entries.reduce(watchTimeline, NO_TIMELINE);

function pageOf(
  journal: JournalWriter,
  node = "lab-controller-0",
  transfer = "files/node",
): string {
  const timeline = nodeTimeline(watched(journal), {
    node,
    poweredOnAtMs: undefined,
    seen: undefined,
  });
  if (timeline === undefined) throw new Error("The journal has no start");
  const { startedAtMs } = timeline;
  const transfers = [
    { name: transfer, bytes: 5e6, startMs: startedAtMs, endMs: startedAtMs + 900, whole: true },
  ];
  return page({ stack: "dev", nodes: [{ timeline, transfers }] });
}

const EVIL = "<script>alert(1)</script>\"'&\u202e\u0007";

describe("page()", () => {
  it("escapes whatever a node says: units, files, pods, failures, names, transfers", () => {
    const journal = startOfNode()
      .unit(50, "Starting", EVIL)
      .unit(60, "Finished", EVIL, "done")
      .ignition(60, `files: op(9): [started]  writing file "${EVIL}"`)
      .ignition(70, `files: op(9): [finished] writing file "${EVIL}"`)
      .from(70, "corefly-cri.service", `Pod runs pod=<b>${EVIL} sandbox=1`, "node")
      .from(80, "corefly-cri.service", `Container runs pod=<b>${EVIL} app=x`, "node")
      .from(81, "corefly-cri.service", `Container has ended app=${EVIL} exitCode=3`, "node")
      .from(82, "evil.service", EVIL)
      .say(83, { _PID: "1", UNIT: "evil.service", MESSAGE: "evil.service: Failed with result x" });
    const html = pageOf(journal, EVIL, EVIL);
    expect(html.match(/<script/g)).toBeNull();
    expect(html.match(/<b>/g)).toBeNull();
    expect(html).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(
      html.split("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;").length,
    ).toBeGreaterThan(6);
  });

  it("forbids the browser to load or run anything, and has nothing that asks for it", () => {
    const html = pageOf(startOfNode());
    expect(html).toMatch(
      /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='">/,
    );
    expect(html).not.toMatch(/\b(src|href|style|on[a-z]+)=/);
    expect(html).not.toMatch(/@import|https?:/);
  });

  it("says so where no node has started", () => {
    expect(page({ stack: "dev", nodes: [] })).toContain("<h1>No node has started</h1>");
  });

  it("is titled by the slowest of several nodes", () => {
    const node = (name: string, journal: JournalWriter) => {
      const parts = { node: name, poweredOnAtMs: undefined };
      const timeline = nodeTimeline(watched(journal), { ...parts, seen: undefined });
      return timeline === undefined ? [] : [{ timeline, transfers: [] }];
    };
    const slow = startOfNode().kubelet(99, '"late"');
    const html = page({ stack: "dev", nodes: [...node("a", startOfNode()), ...node("b", slow)] });
    expect(html).toContain("<h1>Not ready after 99.0 s: API server has not ended</h1>");
    expect(html.match(/<section/g)).toHaveLength(2);
  });
});

describe("chart", () => {
  it("fills each kind of bar with a pattern of its own", () => {
    const tiles = [...patterns().matchAll(/<pattern id="([^"]+)"[^>]*>(.*?)<\/pattern>/g)];
    const plain = tiles.filter(([, id = ""]) => !id.endsWith("-stressed"));
    expect(plain).toHaveLength(9);
    expect(new Set(plain.map(([, , marks]) => marks)).size).toBe(9);
  });

  it("draws a row at its place, whatever the width", () => {
    const bar = barChart(
      {
        stretches: [{ startMs: 25_000, endMs: 75_000 }],
        fill: "API server",
        stressed: false,
        heightPx: 20,
        label: "a",
      },
      100_000,
    );
    expect(bar).toContain('x="25%" y="50%" width="50%" height="18"');
    expect(bar).toContain('fill="url(#fill-api-server)"');
  });

  it.each([
    [100_000, [0, 30_000, 60_000, 90_000]],
    [1_400, [0, 500, 1_000]],
    [442_000, [0, 120_000, 240_000, 360_000]],
    [0, [0]],
  ])("has few round ticks for %p ms", (totalMs, expected) => {
    expect(ticks(totalMs)).toEqual(expected);
  });
});

describe("texts", () => {
  it("are what a person reads", () => {
    expect([200, 77_540, 99_960, 192_100].map(duration)).toEqual([
      "0.2 s",
      "77.5 s",
      "1 min 40 s",
      "3 min 12 s",
    ]);
    expect([share(40, 100), share(1, 0)]).toEqual(["40 %", "0 %"]);
    expect([megabytes(1_820_544), megabytes(160_901_632)]).toEqual(["1.8 MB", "161 MB"]);
    expect(escapeHtml("a\tb\u0000<")).toBe("a\tb\ufffd&lt;");
  });
});

describe("seenPhases()", () => {
  const state = (outputs: unknown): string =>
    JSON.stringify({
      checkpoint: {
        latest: { resources: [{ type: "a" }, { type: "corefly:index:ClusterReady", outputs }] },
      },
    });

  it("reads the seconds of each phase from a stack's state", () => {
    expect(seenPhases(state({ phases: { kernel: 7.7, Ready: 2, x: "y" } }))).toEqual({
      kernel: 7.7,
      Ready: 2,
    });
  });

  it.each(["", "null", "{}", state({}), state({ phases: {} }), state(null), state({ phases: [] })])(
    "has none in %p",
    (text) => {
      expect(seenPhases(text)).toBeUndefined();
    },
  );
});
