// SPDX-License-Identifier: Apache-2.0
// The report: one HTML document that needs nothing else, no network, no script. Everything that a node said is escaped,
// and the page's own policy forbids the browser to load or run anything.

import { createHash } from "node:crypto";
import { headline } from "./breakdown.ts";
import { axis, type Bar, barChart, patterns } from "./chart.ts";
import { PHASE_WORDS } from "./phase-words.ts";
import { STYLE } from "./style.ts";
import { duration, escapeHtml, megabytes, moment, share } from "./text.ts";
import { lengthOf, type Part, type PhaseSpan, type Stretch, type Timeline } from "./timeline.ts";
import type { Transfer } from "./transfers.ts";
import type { Trouble } from "./trouble.ts";

export interface ReportNode {
  readonly timeline: Timeline;
  /** What it fetched from mirrors in this start. */
  readonly transfers: readonly Transfer[];
}

export interface Report {
  readonly stack: string;
  readonly nodes: readonly ReportNode[];
}

const PHASE_PX = 20;
const PART_PX = 12;
const MAX_TRANSFERS = 8;

/** The whole document. */
export function page({ stack, nodes }: Report): string {
  const hash = createHash("sha256").update(STYLE).digest("base64");
  const [first] = nodes;
  const title = first === undefined ? "No node has started" : headline(slowest(nodes).timeline);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'">
<title>${escapeHtml(`${stack}: ${title}`)}</title>
<style>${STYLE}</style>
</head>
<body>
${patterns()}
<header>
<p class="over">corefly, stack ${escapeHtml(stack)}</p>
<h1>${escapeHtml(title)}</h1>
${first === undefined ? "" : lead(slowest(nodes).timeline)}
</header>
<main>
${nodes.map((node) => nodeSection(node, nodes.length)).join("\n")}
</main>
<footer>Phases, units and pods are from the node’s journal; API server and Ready are as the workstation saw them; transfers are from the mirror’s log. Units and pods run side by side: their times do not add up.</footer>
</body>
</html>
`;
}

function slowest(nodes: readonly ReportNode[]): ReportNode {
  const [first, ...others] = nodes;
  if (first === undefined) throw new Error("Cannot find the slowest node: there is none");
  return others.reduce(
    (slow, node) => (node.timeline.totalMs > slow.timeline.totalMs ? node : slow),
    first,
  );
}

/** What to look at first. */
function lead({ phases, totalMs }: Timeline): string {
  const [first, second] = [...phases].sort((a, b) => length(b) - length(a));
  if (first === undefined) return "";
  const say = (phase: PhaseSpan): string => {
    const part = phase.parts[0];
    const within =
      part === undefined
        ? ""
        : `; the longest in it is ${escapeHtml(part.name)} with ${duration(lengthOf(part.tries))}`;
    return `<strong>${phase.name}</strong> takes ${duration(length(phase))}, ${share(length(phase), totalMs)} of the start${within}`;
  };
  const next = second === undefined ? "" : ` Next, ${say(second)}.`;
  return `<p class="lead">To shorten the start, look here first: ${say(first)}.${next}</p>`;
}

function nodeSection({ timeline, transfers }: ReportNode, nodes: number): string {
  const { node, phases, totalMs, startedAtMs, troubles, starts } = timeline;
  const longest = [...phases].sort((a, b) => length(b) - length(a))[0];
  const facts = [
    // Of the only node the title says it.
    ...(nodes > 1 ? [headline(timeline)] : []),
    `started ${moment(startedAtMs)}`,
    ...(starts > 1 ? [`the last of ${starts} starts in its journal`] : []),
  ];
  return `<section class="node">
<h2>${escapeHtml(node)}</h2>
<p class="facts">${escapeHtml(facts.join(" · "))}</p>
<div class="row axis-row"><span class="name"></span>${axis(totalMs)}<span class="time"></span></div>
<ol class="phases">
${phases.map((phase) => phaseItem(phase, phase === longest, totalMs)).join("\n")}
</ol>
${troubleList(troubles)}${transferList(transfers, timeline)}</section>`;
}

function phaseItem(phase: PhaseSpan, stressed: boolean, totalMs: number): string {
  const { name, parts } = phase;
  const tag = [stressed ? "longest" : "", phase.ended ? "" : "not ended"]
    .filter((text) => text !== "")
    .map((text) => `<span class="tag">${text}</span>`)
    .join("");
  const head = row(
    `${name}${tag}<span class="about">${escapeHtml(PHASE_WORDS[name])}</span>`,
    { stretches: [phase], fill: name, stressed, heightPx: PHASE_PX, label: spoken(name, phase) },
    `${duration(length(phase))} <small>${share(length(phase), totalMs)}</small>`,
    totalMs,
  );
  const below = parts.map((part) => partRow(part, { fill: name, stressed }, totalMs));
  const list = below.map((each) => `<li>${each}</li>`).join("\n");
  return `<li class="phase">${head}${list === "" ? "" : `\n<ul class="parts">${list}</ul>`}</li>`;
}

function partRow(part: Part, look: Pick<Bar, "fill" | "stressed">, totalMs: number): string {
  const { name, tries } = part;
  const label = tries.map((each) => spoken(name, each)).join(", ");
  const count = tries.length === 1 ? "" : ` <small>${tries.length}×</small>`;
  return row(
    escapeHtml(name),
    { ...look, stretches: tries, heightPx: PART_PX, label },
    `${duration(lengthOf(tries))}${count}`,
    totalMs,
  );
}

/** `name` and `time` are HTML. */
function row(name: string, bar: Bar, time: string, totalMs: number): string {
  return `<div class="row"><span class="name">${name}</span><span class="time">${time}</span>${barChart(bar, totalMs)}</div>`;
}

function troubleList(troubles: readonly Trouble[]): string {
  if (troubles.length === 0) return "";
  const items = troubles.map(
    ({ what, times, reason }) =>
      `<li class="trouble"><div class="row"><span class="name">${escapeHtml(what)}</span><span class="time">${times === 1 ? "once" : `${times} times`}</span></div><span class="reason">${escapeHtml(reason)}</span></li>`,
  );
  return `<h3>Failed on the way</h3>\n<ul>${items.join("\n")}</ul>\n`;
}

function transferList(transfers: readonly Transfer[], timeline: Timeline): string {
  if (transfers.length === 0) return "";
  const { startedAtMs, totalMs } = timeline;
  const bytes = transfers.reduce((sum, transfer) => sum + transfer.bytes, 0);
  const items = transfers.slice(0, MAX_TRANSFERS).map((transfer) => {
    const span = {
      startMs: transfer.startMs - startedAtMs,
      endMs: transfer.endMs - startedAtMs,
    };
    const name = `${transfer.name}${transfer.whole ? "" : " (cut off)"}`;
    const label = spoken(name, span);
    const bar: Bar = {
      stretches: [span],
      fill: "transfer",
      stressed: false,
      heightPx: PART_PX,
      label,
    };
    const time = `${megabytes(transfer.bytes)} <small>${duration(length(span))}</small>`;
    return `<li>${row(escapeHtml(name), bar, time, totalMs)}</li>`;
  });
  const rest = transfers.length - items.length;
  const note = rest > 0 ? `, the longest ${items.length}` : "";
  return `<h3>From the mirror: ${megabytes(bytes)} in ${transfers.length} transfers${note}</h3>\n<ul class="parts">${items.join("\n")}</ul>\n`;
}

function spoken(name: string, { startMs, endMs }: Stretch): string {
  return `${name}: from ${duration(startMs)} to ${duration(endMs)}`;
}

function length({ startMs, endMs }: Stretch): number {
  return endMs - startMs;
}
