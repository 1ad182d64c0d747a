// SPDX-License-Identifier: Apache-2.0
// Finds in a node's journal which units and containers failed on the way, and how often: what was tried again cost its time.
// Pure.

import type { JournalEntry } from "../../../modules/platforms/qemu/plan/journal.ts";

/** Something that failed, maybe to be started again. */
export interface Trouble {
  /** A unit, or `container NAME`. */
  readonly what: string;
  readonly times: number;
  /** What the unit said last before systemd found it failed; a container's exit code. */
  readonly reason: string;
}

export interface TroubleWatch {
  readonly bootId: string;
  readonly lastWords: Map<string, string>;
  readonly failed: Map<string, Trouble>;
}

export const NO_TROUBLE: TroubleWatch = { bootId: "", lastWords: new Map(), failed: new Map() };

/** Takes an entry in; one of another boot starts anew. The watch is changed in place: journals are long. */
export function troubleAfter(watch: TroubleWatch, entry: JournalEntry): TroubleWatch {
  const known =
    entry.bootId === watch.bootId
      ? watch
      : { bootId: entry.bootId, lastWords: new Map(), failed: new Map() };
  const { unit, message } = entry;
  if (unit === "") return known;
  if (!entry.fromManager) {
    if (message.trim() !== "") known.lastWords.set(unit, message);
    if (unit === "corefly-cri.service") takeContainer(known, message);
  } else if (/Failed with result /.test(message)) {
    note(known, unit, known.lastWords.get(unit) ?? message);
  }
  return known;
}

/** The CRI server's word. */
function takeContainer(watch: TroubleWatch, message: string): void {
  const [, app, code] = /^Container has ended app=(\S+) .*\bexitCode=(\d+)/.exec(message) ?? [];
  if (app !== undefined && code !== "0") note(watch, `container ${app}`, `exit code ${code}`);
}

function note(watch: TroubleWatch, what: string, reason: string): void {
  const times = (watch.failed.get(what)?.times ?? 0) + 1;
  watch.failed.set(what, { what, times, reason });
}

/** What failed, the most often first. */
export function troubleOf(watch: TroubleWatch): readonly Trouble[] {
  return [...watch.failed.values()].sort((a, b) => b.times - a.times);
}
