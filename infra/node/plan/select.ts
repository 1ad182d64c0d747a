// SPDX-License-Identifier: Apache-2.0
// Which entries of a journal somebody wants to see. Pure.

import {
  type JournalEntry,
  parseJournalLine,
} from "../../../modules/platforms/qemu/plan/journal.ts";

export interface Selection {
  readonly units: readonly string[];
  readonly sinceMs: number | undefined;
  readonly allStarts: boolean;
}

/** Whether an entry is wanted. `boot` is the last start's. */
export function isWanted(
  { bootId, unit, timeMs }: JournalEntry,
  { units, sinceMs, allStarts }: Selection,
  boot: string | undefined,
): boolean {
  return (
    (allStarts || boot === undefined || bootId === boot) &&
    (units.length === 0 || units.includes(unit)) &&
    (sinceMs === undefined || timeMs >= sinceMs)
  );
}

/** The start that the last entry of these lines is of. */
export function lastBoot(lines: readonly string[]): string | undefined {
  for (const line of [...lines].reverse()) {
    const entry = parseJournalLine(line);
    if (entry !== undefined) return entry.bootId;
  }
  return undefined;
}
