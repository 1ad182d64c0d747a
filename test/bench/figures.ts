// SPDX-License-Identifier: Apache-2.0
// What was measured of one runtime, and what is said about it.
import type { Lists } from "./lists.ts";
import { awayAgain, fromScratch, type PodLife } from "./pod-lives.ts";
import { median, quantile } from "./statistics.ts";
import type { Steps } from "./steps.ts";

export interface Figures {
  readonly lives: readonly PodLife[];
  readonly lists: Lists;
  /** MiB. */
  readonly monitorPss: { readonly one: number; readonly ofMany: number };
  readonly serverRss: number;
}

/** What a node can be sure of. */
export function limits([ours, theirs]: readonly [Figures, Figures]) {
  const podFromScratch = ratioOf(ours, theirs, ({ lives }) => median(lives.map(fromScratch)));
  return [
    { name: "pod-from-scratch (ratio)", value: podFromScratch, limit: 1 },
    { name: "CRI server's resident set (MiB)", value: ours.serverRss, limit: 120 },
    { name: "one monitor's share of memory (MiB)", value: ours.monitorPss.one, limit: 2 },
  ];
}

const ratioOf = (ours: Figures, theirs: Figures, figure: (of: Figures) => number): number =>
  figure(ours) / figure(theirs);

const ROWS: readonly (readonly [string, string, (figures: Figures) => number])[] = [
  ["pod-from-scratch", "ms", ({ lives }) => median(lives.map(fromScratch))],
  ["run-pod-sandbox", "ms", ({ lives }) => median(lives.map((life) => life.runPodSandbox))],
  ["create-container", "ms", ({ lives }) => median(lives.map((life) => life.createContainer))],
  ["start-container", "ms", ({ lives }) => median(lives.map((life) => life.startContainer))],
  ["pod-away-again", "ms", ({ lives }) => median(lives.map(awayAgain))],
  ["pods-at-once", "ms", ({ lists }) => lists.allRunMs],
  ["lists-p50", "ms", ({ lists }) => median(lists.latencies)],
  ["lists-p99", "ms", ({ lists }) => quantile(lists.latencies, 0.99)],
  ["server-rss", "MiB", (figures) => figures.serverRss],
  ["monitor-pss", "MiB", (figures) => figures.monitorPss.one],
  ["monitor-pss-of-many", "MiB", (figures) => figures.monitorPss.ofMany],
];

/** Lines for people, then a line for each ratio. */
export function report(
  [ours, theirs]: readonly [Figures, Figures],
  steps: readonly Steps[],
): readonly string[] {
  return [
    "Where our time goes, medians in ms:",
    ...steps.map(({ rpc, medians }) => {
      const parts = Object.entries(medians).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
      return `  ${rpc}: ${parts.join(", ")}`;
    }),
    "",
    `${"".padEnd(22)}${"corefly".padStart(10)}${"containerd".padStart(12)}`,
    ...ROWS.map(([name, unit, figure]) => {
      const [left, right] = [figure(ours), figure(theirs)].map((each) => each.toFixed(1));
      return `${name.padEnd(22)}${left?.padStart(10)}${right?.padStart(12)} ${unit}`;
    }),
    "",
    ...ROWS.map(([name, , figure]) => `ratio ${name} ${ratioOf(ours, theirs, figure).toFixed(2)}`),
  ];
}
