// SPDX-License-Identifier: Apache-2.0
// The timeline as lines of text, for a terminal.

import { duration, harmless } from "./text.ts";
import { lengthOf, type PhaseSpan, type Timeline } from "./timeline.ts";

/** Columns that the longest phase's bar takes. */
const WIDTH = 24;

/** `Ready after 192.1 s`, or how far the start came. */
export function headline({ ready, totalMs, phases }: Timeline): string {
  if (ready) return `Ready after ${duration(totalMs)}`;
  const last = phases.at(-1);
  if (last === undefined) return "Not ready: no phase has ended";
  return last.ended
    ? `Not seen until ready: ${last.name} ended after ${duration(totalMs)}`
    : `Not ready after ${duration(totalMs)}: ${last.name} has not ended`;
}

/** A line for each phase: name, time, a bar, and what took longest in it. */
export function breakdown({ phases }: Timeline): readonly string[] {
  const longest = Math.max(1, ...phases.map(length));
  return phases.map((phase) => {
    const bar = "█".repeat(Math.round((WIDTH * length(phase)) / longest));
    const [part] = phase.parts;
    const note =
      part === undefined ? "" : `${oneLine(part.name)} ${duration(lengthOf(part.tries))}`;
    return `${phase.name.padEnd(11)}${duration(length(phase)).padStart(10)}  ${bar.padEnd(WIDTH)}  ${note}`.trimEnd();
  });
}

function length({ startMs, endMs }: PhaseSpan): number {
  return endMs - startMs;
}

function oneLine(text: string): string {
  return harmless(text).replaceAll(/\s+/g, " ");
}
