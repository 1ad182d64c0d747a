// SPDX-License-Identifier: Apache-2.0
// Which entries of a journal somebody wants to see. Pure.

import type { JournalEntry } from "../../../modules/platforms/qemu/plan/journal.ts";

export interface Selection {
  readonly units: readonly string[];
  readonly sinceMs: number | undefined;
  readonly lastLines: number | undefined;
  readonly allStarts: boolean;
}

/** Of what there is so far. */
export function select(
  entries: readonly JournalEntry[],
  selection: Selection,
): readonly JournalEntry[] {
  const boot = entries.at(-1)?.bootId;
  const wanted = entries.filter(
    (entry) => (selection.allStarts || entry.bootId === boot) && isWanted(entry, selection),
  );
  const { lastLines } = selection;
  return lastLines === undefined ? wanted : wanted.slice(Math.max(0, wanted.length - lastLines));
}

/** Whether one that comes later is wanted too. */
export function isWanted(
  { unit, timeMs }: JournalEntry,
  { units, sinceMs }: Pick<Selection, "units" | "sinceMs">,
): boolean {
  return (
    (units.length === 0 || units.includes(unit)) && (sinceMs === undefined || timeMs >= sinceMs)
  );
}
