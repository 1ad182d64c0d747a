// SPDX-License-Identifier: Apache-2.0
// From a node's journal to where its start is: which phase, and when each one ended. Pure.

import type { JournalEntry } from "../../platforms/qemu/plan/journal.ts";

/** Phases of a node's start, in order. The last two are seen from outside, by asking the API server. */
export const PHASES = [
  "kernel",
  "Ignition",
  "runtime",
  "images",
  "kubelet",
  "API server",
  "Ready",
] as const;

export type Phase = (typeof PHASES)[number];

/** How far a node's start is. */
export interface Progress {
  readonly bootId: string;
  /** When the kernel started, in milliseconds since the epoch. */
  readonly bootedAtMs: number;
  /** When a phase ended, in milliseconds since the kernel started. */
  readonly ended: Readonly<Partial<Record<Phase, number>>>;
  /** Units that are being started, oneshot units that have not ended among them. */
  readonly starting: readonly string[];
}

export const NO_PROGRESS: Progress = { bootId: "", bootedAtMs: 0, ended: {}, starting: [] };

/** What Kubernetes' programs log: a letter, month and day, a time. */
const KLOG = /^[IWEF]\d{4} \d\d:\d\d:\d\d/;

/** Takes an entry in; one of another boot starts anew. */
export function advance(progress: Progress, entry: JournalEntry): Progress {
  const known =
    entry.bootId === progress.bootId
      ? progress
      : {
          ...NO_PROGRESS,
          bootId: entry.bootId,
          bootedAtMs: entry.timeMs - entry.sinceBootMs,
        };
  return { ...known, ended: endedAfter(known.ended, entry), starting: startingAfter(known, entry) };
}

/** The phase that goes on. */
export function currentPhase(progress: Progress): Phase {
  // A machine that starts again skips Ignition, so the phase after the last one that ended counts.
  const last = PHASES.findLastIndex((phase) => progress.ended[phase] !== undefined);
  return PHASES[Math.min(last + 1, PHASES.length - 1)] ?? "Ready";
}

/** Notes that a phase ended that is seen from outside. */
export function endPhase(progress: Progress, phase: Phase, nowMs: number): Progress {
  if (progress.ended[phase] !== undefined || progress.bootId === "") return progress;
  return {
    ...progress,
    ended: { ...progress.ended, [phase]: Math.max(0, nowMs - progress.bootedAtMs) },
  };
}

function endedAfter(ended: Progress["ended"], entry: JournalEntry): Progress["ended"] {
  const phase = endsPhase(ended, entry);
  return phase === undefined ? ended : { ...ended, [phase]: entry.sinceBootMs };
}

function endsPhase(ended: Progress["ended"], entry: JournalEntry): Phase | undefined {
  const first = (phase: Phase) => (ended[phase] === undefined ? phase : undefined);
  if (entry.fromManager) {
    if (entry.unit === "corefly-install.service" && entry.jobResult === "done") {
      return first("runtime");
    }
    return undefined;
  }
  // The stages of Ignition each say so; the last one counts.
  if (entry.identifier === "ignition") {
    return /Ignition finished successfully/.test(entry.message) ? "Ignition" : first("kernel");
  }
  if (entry.unit !== "kubelet.service" || !KLOG.test(entry.message)) return undefined;
  return (
    first("images") ?? (/"Started kubelet"/.test(entry.message) ? first("kubelet") : undefined)
  );
}

function startingAfter(progress: Progress, entry: JournalEntry): readonly string[] {
  if (!entry.fromManager) return progress.starting;
  const { unit, message, jobResult } = entry;
  const others = progress.starting.filter((name) => name !== unit);
  if (message.startsWith("Starting ")) return [...others, unit];
  return jobResult === undefined && !/^(Started|Finished|Failed)/.test(message)
    ? progress.starting
    : others;
}

/** When the phase that goes on began, in milliseconds since the epoch; undefined before the journal comes. */
export function phaseStartMs(progress: Progress): number | undefined {
  if (progress.bootId === "") return undefined;
  return progress.bootedAtMs + Math.max(0, ...Object.values(progress.ended));
}

/** Seconds that each phase took, in order, of those that ended. */
export function phaseSeconds(
  progress: Progress,
  startedAtMs: number | undefined,
): ReadonlyArray<readonly [string, number]> {
  const result: Array<readonly [string, number]> = [];
  let before = 0;
  if (startedAtMs !== undefined && progress.bootedAtMs > startedAtMs) {
    result.push(["firmware", seconds(progress.bootedAtMs - startedAtMs)]);
  }
  for (const phase of PHASES) {
    const end = progress.ended[phase];
    if (end === undefined) continue;
    result.push([phase, seconds(Math.max(0, end - before))]);
    before = Math.max(before, end);
  }
  return result;
}

/** A phase as a resource's row shows it: `Ignition (12 s), 35 s since power-on`. */
export function phaseText(
  phase: string,
  sinceMs: number,
  times: { readonly startedAtMs: number; now(): number },
): string {
  const wholeSeconds = (ms: number) => Math.max(0, Math.round((times.now() - ms) / 1000));
  return `${phase} (${wholeSeconds(sinceMs)} s), ${wholeSeconds(times.startedAtMs)} s since power-on`;
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
