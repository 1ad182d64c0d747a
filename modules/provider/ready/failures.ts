// SPDX-License-Identifier: Apache-2.0
// Finds in a node's journal why it will never be ready: a unit that failed for good. Pure.

import type { JournalEntry } from "../../platforms/qemu/plan/journal.ts";

/** What units said and how they failed, so far in this boot. */
export interface FailureWatch {
  readonly bootId: string;
  /** The last lines of each unit. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
  /** How often a unit failed with the same last line. */
  readonly repeats: ReadonlyMap<string, { readonly line: string; readonly times: number }>;
  readonly failure: UnitFailure | undefined;
}

export interface UnitFailure {
  readonly unit: string;
  /** Why, in the unit's own words. */
  readonly reason: string;
}

export const NO_FAILURES: FailureWatch = {
  bootId: "",
  lines: new Map(),
  repeats: new Map(),
  failure: undefined,
};

const MAX_LINES = 20;

/** How often a unit that systemd restarts may fail with the same words. */
const MAX_REPEATS = 5;

/** Applies the addons again and again until the API server is there and takes them. */
const ADDONS = "corefly-addons.service";
const MAX_REPEATS_OF_ADDONS = 30;

/** Units without which a node does not become ready. */
const NEEDED =
  /^(corefly-(install|cri|kubelet-mount|addons)|kubelet)\.service$|^var-lib-etcd\.mount$/;

/** The runtime's own words for what trying again does not mend. */
const PERMANENT =
  /\b(cannot verify|signature|signed|trusted|trust|keystore|digest|checksum|manifest is not|expired key)\b/i;

/** What the addons' unit says while the API server starts; it tries until it works. */
const PATIENCE =
  /timeout|timed out|refused|reset by peer|EOF|unable to connect|service unavailable|not yet|unable to handle the request|forbidden|no matches for kind/i;

/**
 * Takes an entry in; one of another boot starts anew. What failed before `sinceMs` and is tried again does not count: the
 * reason may be gone, and if it is not, it comes again.
 */
export function watchFailures(
  watch: FailureWatch,
  entry: JournalEntry,
  sinceMs: number,
): FailureWatch {
  const known = entry.bootId === watch.bootId ? watch : { ...NO_FAILURES, bootId: entry.bootId };
  if (!NEEDED.test(entry.unit)) return known;
  if (!entry.fromManager) return withLine(known, entry);
  if (!hasFailed(entry)) return known;
  // A oneshot unit's job fails with each try, also when systemd goes on trying.
  if (entry.unit === ADDONS && !willRestart(entry)) return known;
  if (willRestart(entry) && entry.timeMs < sinceMs) return known;
  const said = known.lines.get(entry.unit) ?? [];
  const line = said.findLast((each) => each.trim() !== "") ?? entry.message;
  if (entry.unit === ADDONS && PATIENCE.test(line)) return known;
  const before = known.repeats.get(entry.unit);
  const times = before?.line === withoutNumbers(line) ? before.times + 1 : 1;
  const repeats = new Map(known.repeats).set(entry.unit, { line: withoutNumbers(line), times });
  const permanent = !willRestart(entry) || PERMANENT.test(line) || times >= maxRepeats(entry.unit);
  return {
    ...known,
    repeats,
    failure: known.failure ?? (permanent ? { unit: entry.unit, reason: line.trim() } : undefined),
  };
}

function maxRepeats(unit: string): number {
  return unit === ADDONS ? MAX_REPEATS_OF_ADDONS : MAX_REPEATS;
}

function withLine(watch: FailureWatch, entry: JournalEntry): FailureWatch {
  const lines = [...(watch.lines.get(entry.unit) ?? []), entry.message].slice(-MAX_LINES);
  return { ...watch, lines: new Map(watch.lines).set(entry.unit, lines) };
}

// systemd's words: "Failed with result 'exit-code'." of every try; "Failed to start …" and "Start request repeated too
// quickly" when it gives up; "Dependency failed for …" for what waits on it.
function hasFailed(entry: JournalEntry): boolean {
  return (
    /Failed with result |^Failed to (start|mount) |Start request repeated too quickly/.test(
      entry.message,
    ) || entry.jobResult === "failed"
  );
}

function willRestart(entry: JournalEntry): boolean {
  return (
    /Failed with result /.test(entry.message) &&
    /^(kubelet|corefly-(cri|addons))\.service$/.test(entry.unit)
  );
}

/** Times, pids and ports differ from try to try. */
function withoutNumbers(line: string): string {
  return line.replaceAll(/[0-9]+/g, "#");
}
