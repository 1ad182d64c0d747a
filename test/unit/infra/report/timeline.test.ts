// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { breakdown, headline } from "../../../../infra/report/plan/breakdown.ts";
import {
  isAboutStart,
  NO_TIMELINE,
  nodeTimeline,
  type Timeline,
  watchTimeline,
} from "../../../../infra/report/plan/timeline.ts";
import { goTime, JournalWriter, KERNEL_AT_MS, startOfNode } from "../../../helpers/journal.ts";

const SEEN = {
  Ready: 30,
  "API server": 25,
  firmware: 2.5,
  kernel: 6,
  Ignition: 5,
  runtime: 9,
  images: 20,
  kubelet: 5,
};

const watched = (journal: JournalWriter) => journal.entries.reduce(watchTimeline, NO_TIMELINE);

function timelineOf(
  journal: JournalWriter,
  seen: Readonly<Record<string, number>> | undefined = SEEN,
): Timeline {
  const timeline = nodeTimeline(watched(journal), {
    node: "lab-controller-0",
    poweredOnAtMs: KERNEL_AT_MS - 2_500,
    seen,
  });
  if (timeline === undefined) throw new Error("The journal has no start");
  return timeline;
}

const spans = ({ phases }: Timeline) =>
  phases.map(({ name, startMs, endMs }) => [name, startMs, endMs]);

const parts = ({ phases }: Timeline, phase: string) =>
  phases
    .find(({ name }) => name === phase)
    ?.parts.map(({ name, tries }) => [name, ...tries.map((each) => [each.startMs, each.endMs])]);

describe("nodeTimeline()", () => {
  it("has the phases of the journal and those that were seen from outside, from power-on", () => {
    const timeline = timelineOf(startOfNode());
    expect(spans(timeline)).toEqual([
      ["firmware", 0, 2_500],
      ["kernel", 2_500, 8_500],
      ["Ignition", 8_500, 13_500],
      ["runtime", 13_500, 22_500],
      ["images", 22_500, 42_500],
      ["kubelet", 42_500, 47_500],
      ["API server", 47_500, 72_500],
      ["Ready", 72_500, 102_500],
    ]);
    expect(timeline).toMatchObject({
      startedAtMs: KERNEL_AT_MS - 2_500,
      totalMs: 102_500,
      ready: true,
      starts: 1,
    });
    expect(headline(timeline)).toBe("Ready after 1 min 43 s");
  });

  it("puts below each phase what took long in it, the longest first", () => {
    const timeline = timelineOf(startOfNode());
    expect(parts(timeline, "kernel")).toEqual([["systemd-udevd.service", [4_500, 7_000]]]);
    expect(parts(timeline, "Ignition")).toEqual([["file /opt/node.tar", [9_500, 12_500]]]);
    expect(parts(timeline, "runtime")).toEqual([["corefly-install.service", [14_500, 22_500]]]);
    expect(parts(timeline, "images")).toEqual([["image kubernetes.aci", [23_500, 42_500]]]);
  });

  it("has pods by the runtime's words, and by the kubelet's where it has some", () => {
    const journal = startOfNode()
      .from(50, "corefly-cri.service", "Pod runs pod=kube-system/etcd-0 sandbox=1", "node")
      .from(60, "corefly-cri.service", "Container runs pod=kube-system/etcd-0 app=etcd", "node")
      .from(61, "corefly-cri.service", "Pod runs pod=default/web sandbox=2", "node")
      .from(68, "corefly-cri.service", "Container runs pod=default/web app=web", "node")
      .kubelet(
        66,
        `"Observed pod startup duration" pod="kube-system/etcd-0" podCreationTimestamp="${goTime(46)}" firstStartedPulling="0001-01-01 00:00:00 +0000 UTC" watchObservedRunningTime="${goTime(64)}"`,
      );
    expect(parts(timelineOf(journal), "API server")).toEqual([
      ["pod etcd-0", [48_500, 66_500]],
      ["pod default/web", [63_500, 70_500]],
    ]);
  });

  it("takes no word of the kubelet about a static pod, which the API server heard of later", () => {
    const journal = startOfNode()
      .from(50, "corefly-cri.service", "Pod runs pod=kube-system/etcd-0 sandbox=1", "node")
      .from(60, "corefly-cri.service", "Container runs pod=kube-system/etcd-0 app=etcd", "node")
      .kubelet(
        68,
        `"Observed pod startup duration" pod="kube-system/etcd-0" podCreationTimestamp="${goTime(65)}" watchObservedRunningTime="${goTime(67)}"`,
      );
    expect(parts(timelineOf(journal), "API server")).toEqual([["pod etcd-0", [52_500, 62_500]]]);
  });

  it("shows what was tried several times as one", () => {
    const journal = startOfNode()
      .unit(50, "Starting", "corefly-addons.service")
      .unit(56, "Failed to start", "corefly-addons.service", "failed")
      .unit(59, "Starting", "corefly-addons.service")
      .unit(69, "Finished", "corefly-addons.service", "done");
    expect(parts(timelineOf(journal), "API server")).toEqual([
      ["corefly-addons.service", [52_500, 58_500], [61_500, 71_500]],
    ]);
  });

  it("says what failed on the way, how often, and with which words", () => {
    const failed = "corefly-addons.service: Failed with result 'exit-code'.";
    const systemd = { _PID: "1", UNIT: "corefly-addons.service", MESSAGE: failed };
    const journal = startOfNode()
      .from(50, "corefly-addons.service", "error: EOF")
      .say(51, systemd)
      .from(60, "corefly-addons.service", "error: forbidden")
      .say(61, systemd)
      .from(
        62,
        "corefly-cri.service",
        "Container has ended app=etcd container=1 exitCode=0",
        "node",
      )
      .from(
        63,
        "corefly-cri.service",
        "Container has ended app=web container=2 exitCode=1",
        "node",
      );
    expect(timelineOf(journal).troubles).toEqual([
      { what: "corefly-addons.service", times: 2, reason: "error: forbidden" },
      { what: "container web", times: 1, reason: "exit code 1" },
    ]);
  });

  it("shows the last start only, and takes no times that were seen of another", () => {
    const journal = startOfNode();
    const again = new JournalWriter("0".repeat(32))
      .unit(3, "Starting", "corefly-install.service")
      .unit(9, "Finished", "corefly-install.service", "done")
      .kubelet(15, '"Kubelet version"');
    journal.lines.push(...again.lines);
    const timeline = timelineOf(journal);
    expect(spans(timeline)).toEqual([
      ["firmware", 0, 2_500],
      ["runtime", 2_500, 11_500],
      ["images", 11_500, 17_500],
    ]);
    expect(timeline).toMatchObject({ ready: false, starts: 2 });
    expect(headline(timeline)).toBe("Not seen until ready: images ended after 17.5 s");
  });

  it("shows the phase that goes on in a start that nobody has seen the end of", () => {
    const journal = startOfNode()
      .from(60, "corefly-cri.service", "Pod runs pod=kube-system/etcd-0 sandbox=1", "node")
      .from(90, "corefly-cri.service", "Container runs pod=kube-system/etcd-0 app=etcd", "node");
    const timeline = nodeTimeline(watched(journal), {
      node: "n",
      poweredOnAtMs: undefined,
      seen: undefined,
    });
    expect(timeline?.phases.at(-1)).toEqual({
      name: "API server",
      startMs: 45_000,
      endMs: 90_000,
      ended: false,
      parts: [{ name: "pod etcd-0", tries: [{ startMs: 60_000, endMs: 90_000 }] }],
    });
    expect(timeline?.phases[0]?.name).toBe("kernel");
    expect(timeline && headline(timeline)).toBe("Not ready after 90.0 s: API server has not ended");
  });

  it("has no timeline of a journal without entries", () => {
    const none = { node: "n", poweredOnAtMs: 1, seen: SEEN };
    expect(nodeTimeline(NO_TIMELINE, none)).toBeUndefined();
  });

  it("needs no entries of later than two hours after the kernel started", () => {
    const { lines } = new JournalWriter().kubelet(7_199, "a").kubelet(7_201, "b");
    expect([...lines, "", "{"].map(isAboutStart)).toEqual([true, false, false, false]);
  });
});

describe("breakdown()", () => {
  it("is a line for each phase, the longest with the longest bar", () => {
    expect(breakdown(timelineOf(startOfNode()))).toEqual([
      "firmware        2.5 s  ██",
      "kernel          6.0 s  █████                     systemd-udevd.service 2.5 s",
      "Ignition        5.0 s  ████                      file /opt/node.tar 3.0 s",
      "runtime         9.0 s  ███████                   corefly-install.service 8.0 s",
      "images         20.0 s  ████████████████          image kubernetes.aci 19.0 s",
      "kubelet         5.0 s  ████",
      "API server     25.0 s  ████████████████████",
      "Ready          30.0 s  ████████████████████████",
    ]);
  });

  it("has nothing in it that a terminal would obey", () => {
    const journal = startOfNode()
      .unit(60, "Starting", "a\u001b]0;owned\u0007\nb.service")
      .unit(70, "Finished", "a\u001b]0;owned\u0007\nb.service", "done");
    const text = breakdown(timelineOf(journal)).join("\n");
    expect(text).toContain("a\ufffd]0;owned\ufffd b.service");
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  });
});
