// SPDX-License-Identifier: Apache-2.0
// From a node's journal to the timeline of its last start: phases, and below them what took long. Pure.

import type { JournalEntry } from "../../../modules/platforms/qemu/plan/journal.ts";
import {
  advance,
  currentPhase,
  NO_PROGRESS,
  PHASES,
  type Phase,
  type Progress,
} from "../../../modules/provider/ready/phases.ts";
import { NO_SPANS, type Span, type SpanWatch, spansAfter, spansOf } from "./spans.ts";
import { NO_TROUBLE, type Trouble, type TroubleWatch, troubleAfter, troubleOf } from "./trouble.ts";

export type PhaseName = "firmware" | Phase;

/** A phase of the start. Times are milliseconds after power-on. */
export interface PhaseSpan {
  readonly name: PhaseName;
  readonly startMs: number;
  readonly endMs: number;
  /** False of the one that goes on, or did when the journal ended. */
  readonly ended: boolean;
  /** What took long in it, the longest first. */
  readonly parts: readonly Part[];
}

/** What took long: once, or in several tries. */
export interface Part {
  readonly name: string;
  readonly tries: readonly Stretch[];
}

/** Milliseconds after power-on. */
export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
}

export interface Timeline {
  readonly node: string;
  /** Milliseconds since the epoch: when the machine, else its kernel, was started. */
  readonly startedAtMs: number;
  /** Of what is known, in milliseconds after the start. */
  readonly totalMs: number;
  /** Whether the whole start is known, to the end. */
  readonly ready: boolean;
  readonly phases: readonly PhaseSpan[];
  readonly troubles: readonly Trouble[];
  /** How many starts the journal has; the last one is shown. */
  readonly starts: number;
}

export interface TimelineParts {
  readonly node: string;
  /** When QEMU was started, by the workstation's clock. */
  readonly poweredOnAtMs: number | undefined;
  /** Seconds of each phase, as who waited for the cluster saw them; the last two phases are seen from outside only. */
  readonly seen: Readonly<Record<string, number>> | undefined;
}

/** Parts that are shown of a phase: at most so many, and none that took less than this share of the whole. */
const MAX_PARTS = 5;
const MIN_SHARE = 0.01;
const MIN_MS = 500;

/** How far the clocks of whoever measured may be apart. */
const TOLERANCE_MS = 300;

/** What was seen so far of a journal. */
export interface TimelineWatch {
  readonly progress: Progress;
  readonly spans: SpanWatch;
  readonly trouble: TroubleWatch;
  readonly boots: ReadonlySet<string>;
  /** Of the last entry, after its kernel started. */
  readonly lastMs: number;
}

export const NO_TIMELINE: TimelineWatch = {
  progress: NO_PROGRESS,
  spans: NO_SPANS,
  trouble: NO_TROUBLE,
  boots: new Set(),
  lastMs: 0,
};

/** A node that runs for months journals a lot; what it says later than this is no part of its start. */
const MAX_START_MS = 2 * 60 * 60 * 1000;

/** Whether a line of the journal may be about a start. Found without reading the whole line: most are not. */
export function isAboutStart(line: string): boolean {
  const [, microseconds] = /"__MONOTONIC_TIMESTAMP":"(\d+)"/.exec(line) ?? [];
  return microseconds !== undefined && Number(microseconds) / 1000 <= MAX_START_MS;
}

/** Takes an entry in. */
export function watchTimeline(watch: TimelineWatch, entry: JournalEntry): TimelineWatch {
  const { boots } = watch;
  return {
    progress: advance(watch.progress, entry),
    spans: spansAfter(watch.spans, entry),
    trouble: troubleAfter(watch.trouble, entry),
    boots: boots.has(entry.bootId) ? boots : new Set([...boots, entry.bootId]),
    lastMs: entry.sinceBootMs,
  };
}

/** The timeline of the last start; undefined if the journal has none. */
export function nodeTimeline(watch: TimelineWatch, parts: TimelineParts): Timeline | undefined {
  const { progress, boots } = watch;
  if (progress.bootId === "") return undefined;
  const firmwareMs = firmware(progress, parts.poweredOnAtMs, boots.size);
  const known = knownPhases(progress, firmwareMs, parts.seen);
  // Where somebody waited to the end of another start, nobody knows when this one was over.
  const goesOn = parts.seen === undefined && known.at(-1)?.name !== "Ready";
  const end = firmwareMs + watch.lastMs;
  const bare = goesOn ? [...known, openPhase(progress, known, end)] : known;
  const totalMs = bare.at(-1)?.endMs ?? firmwareMs;
  const all = partsByName(spansOf(watch.spans), firmwareMs, totalMs);
  return {
    node: parts.node,
    startedAtMs: progress.bootedAtMs - firmwareMs,
    totalMs,
    ready: known.at(-1)?.name === "Ready",
    phases: bare.map((phase) => ({ ...phase, parts: partsOf(phase, bare, all, totalMs) })),
    troubles: troubleOf(watch.trouble),
    starts: boots.size,
  };
}

/** Before the kernel; unknown of a machine that started again by itself. */
function firmware(progress: Progress, poweredOnAtMs: number | undefined, boots: number): number {
  const ms = poweredOnAtMs === undefined ? 0 : progress.bootedAtMs - poweredOnAtMs;
  return ms > 0 && (boots === 1 || ms < 60_000) ? ms : 0;
}

type Bare = Omit<PhaseSpan, "parts">;

function openPhase(progress: Progress, known: readonly Bare[], endMs: number): Bare {
  const startMs = known.at(-1)?.endMs ?? 0;
  return { name: currentPhase(progress), startMs, endMs: Math.max(startMs, endMs), ended: false };
}

function knownPhases(
  progress: Progress,
  firmwareMs: number,
  seen: TimelineParts["seen"],
): readonly Bare[] {
  const ended = { ...progress.ended, ...endedOutside(progress, firmwareMs, seen) };
  const phases: Bare[] = [];
  if (firmwareMs > 0) phases.push({ name: "firmware", startMs: 0, endMs: firmwareMs, ended: true });
  let before = firmwareMs;
  for (const name of PHASES) {
    const end = ended[name];
    if (end === undefined) continue;
    const endMs = Math.max(before, firmwareMs + end);
    phases.push({ name, startMs: before, endMs, ended: true });
    before = endMs;
  }
  return phases;
}

/**
 * When the phases ended that only who asks the API server sees. What was seen may be of an earlier start: then the
 * phases that the journal shows too differ.
 */
function endedOutside(
  progress: Progress,
  firmwareMs: number,
  seen: TimelineParts["seen"],
): Progress["ended"] {
  if (seen === undefined) return {};
  let atMs = 0;
  const ends = new Map<string, number>();
  for (const name of ["firmware", ...PHASES]) {
    const seconds = seen[name];
    if (seconds === undefined) continue;
    atMs += seconds * 1000;
    ends.set(name, atMs);
  }
  const known = PHASES.filter((name) => progress.ended[name] !== undefined && ends.has(name));
  const offset = seen["firmware"] === undefined ? 0 : firmwareMs;
  const isSame = known.every(
    (name) =>
      Math.abs((ends.get(name) ?? 0) - (progress.ended[name] ?? 0) - offset) <
      // Each of the seconds before was rounded.
      TOLERANCE_MS + 50 * PHASES.length,
  );
  if (known.length === 0 || !isSame) return {};
  return Object.fromEntries(
    PHASES.filter((name) => progress.ended[name] === undefined)
      .map((name) => [name, ends.get(name)] as const)
      .flatMap(([name, end]) => (end === undefined ? [] : [[name, end - offset] as const])),
  );
}

/** What was mostly in this phase. */
function partsOf(
  phase: Bare,
  phases: readonly Bare[],
  all: readonly Part[],
  totalMs: number,
): readonly Part[] {
  const least = Math.max(MIN_MS, totalMs * MIN_SHARE);
  return all
    .filter((part) => lengthOf(part.tries) >= least && home(part, phases) === phase)
    .sort((a, b) => lengthOf(b.tries) - lengthOf(a.tries))
    .slice(0, MAX_PARTS);
}

/** Spans of one name are tries of one thing. What is after the end is of no interest. */
function partsByName(spans: readonly Span[], firmwareMs: number, totalMs: number): readonly Part[] {
  const tries = new Map<string, Stretch[]>();
  for (const { name, startMs, endMs } of spans) {
    const stretch = {
      startMs: startMs + firmwareMs,
      endMs: Math.min(endMs + firmwareMs, totalMs),
    };
    if (stretch.startMs < totalMs) tries.set(name, [...(tries.get(name) ?? []), stretch]);
  }
  return [...tries].map(([name, stretches]) => ({ name, tries: stretches }));
}

function home(part: Part, phases: readonly Bare[]): Bare | undefined {
  const overlap = (phase: Bare) =>
    part.tries.reduce(
      (sum, { startMs, endMs }) =>
        sum + Math.max(0, Math.min(endMs, phase.endMs) - Math.max(startMs, phase.startMs)),
      0,
    );
  const [best] = [...phases].sort((a, b) => overlap(b) - overlap(a));
  return best !== undefined && overlap(best) > 0 ? best : undefined;
}

/** Milliseconds in all. */
export function lengthOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}
