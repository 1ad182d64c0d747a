// SPDX-License-Identifier: Apache-2.0
// Waits until a cluster is ready, says meanwhile where it is, and stops as soon as it is clear that it will not be.

import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { consoleFailure, consoleLines } from "../../platforms/qemu/plan/console.ts";
import { parseJournalLine } from "../../platforms/qemu/plan/journal.ts";
import { MACHINE_FILES } from "../../platforms/qemu/plan/machine.ts";
import { readRecord } from "../processes/daemon.ts";
import { isAlive } from "../processes/identity.ts";
import { LineTail } from "../processes/tail.ts";
import { type FailureWatch, NO_FAILURES, type UnitFailure, watchFailures } from "./failures.ts";
import { advance, currentPhase, endPhase, NO_PROGRESS, phaseSeconds } from "./phases.ts";
import { type ProbeResult, probe, type ReadyPlan } from "./probe.ts";

export interface WaitOptions {
  readonly plan: ReadyPlan;
  /** Of the first controller. */
  readonly journalPath: string;
  readonly consolePath: string;
  readonly now: () => number;
  readonly status: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Seconds of each phase, in order. */
export type PhaseTimes = ReadonlyArray<readonly [string, number]>;

/** Why a cluster does not become ready: one line, and the lines that a person wants to read next. */
export class NotReadyError extends Error {
  readonly details: readonly string[];

  constructor(reason: string, details: readonly string[], options?: ErrorOptions) {
    super(reason, options);
    this.name = "NotReadyError";
    this.details = details;
  }
}

const POLL_MS = 1_000;
const ANSWER_MS = 10_000;
const CONSOLE_TAIL = 10;

/** How far a machine's clock may be behind. */
const CLOCK_SKEW_MS = 3_000;

/** What a unit said last may be in the journal after systemd's word that it failed. */
const AFTERWORDS_MS = 1_000;

/** The addons are applied by this unit; before it ends, pods may be missing that nobody knows of yet. */
const ADDONS_UNIT = "corefly-addons.service";

/** Returns the times of the phases. Throws NotReadyError with the cause. */
export async function waitUntilReady(options: WaitOptions): Promise<PhaseTimes> {
  const journal = new LineTail(options.journalPath);
  const console = new LineTail(options.consolePath);
  const lines: string[] = [];
  let progress = NO_PROGRESS;
  let failures = NO_FAILURES;
  let seen: ProbeResult = { state: "api", waitingFor: "the API server" };
  const started = options.now();

  const readJournal = async () => {
    for (const line of await journal.read()) {
      const entry = parseJournalLine(line);
      if (entry === undefined) continue;
      progress = advance(progress, entry);
      failures = watchFailures(failures, entry, started - CLOCK_SKEW_MS);
    }
  };
  for (;;) {
    await readJournal();
    lines.push(...consoleLines((await console.read()).join("\n")));
    lines.splice(0, lines.length - 2_000);

    if (options.signal.aborted) {
      throw new NotReadyError(
        `after ${Math.round((options.now() - started) / 1000)} s still waiting for ${seen.waitingFor}`,
        [...latest(failures.lines), ...consoleTail(lines)],
        { cause: options.signal.reason },
      );
    }
    if (failures.failure !== undefined) {
      await sleep(AFTERWORDS_MS);
      await readJournal();
      throw unitFailed(failures, failures.failure);
    }
    const dead = (await processEnded(options.journalPath)) ?? deadEnd(lines, progress.bootId);
    if (dead !== undefined) throw new NotReadyError(dead, consoleTail(lines));

    seen = await look(options, seen);
    if (seen.state !== "api") progress = endPhase(progress, "API server", options.now());
    const addons = progress.starting.includes(ADDONS_UNIT);
    if (seen.state === "ready" && !addons) {
      progress = endPhase(progress, "Ready", options.now());
      return phaseSeconds(progress, await startedAtMs(options.journalPath));
    }
    const waitingFor = seen.state === "ready" ? "the addons to be applied" : seen.waitingFor;
    const elapsed = Math.round((options.now() - started) / 1000);
    options.status(`${currentPhase(progress)}: waiting for ${waitingFor} (${elapsed} s)`);
    await sleep(POLL_MS, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

function unitFailed(failures: FailureWatch, failure: UnitFailure): NotReadyError {
  const lines = failures.lines.get(failure.unit) ?? [];
  const reason = lines.findLast((line) => line.trim() !== "") ?? failure.reason;
  return new NotReadyError(
    `${failure.unit} failed: ${reason.trim()}`,
    lines.map((line) => `${failure.unit}: ${line}`),
  );
}

// The look at the signal comes first in the next round, with all that is known then.
async function look(options: WaitOptions, before: ProbeResult): Promise<ProbeResult> {
  try {
    return await probe(options.plan, ANSWER_MS, options.signal);
  } catch (error) {
    if (options.signal.aborted) return before;
    const reason = error instanceof Error ? error.message : String(error);
    throw new NotReadyError(`the API server is not the one expected: ${reason}`, [], {
      cause: error,
    });
  }
}

/** A console that has seen a whole boot shows old failures too; only what precedes the journal counts. */
function deadEnd(lines: readonly string[], bootId: string): string | undefined {
  return bootId === "" ? consoleFailure(lines) : undefined;
}

async function processEnded(journalPath: string): Promise<string | undefined> {
  const record = await readRecord(join(dirname(journalPath), MACHINE_FILES.process));
  return record === undefined || (await isAlive(record.process))
    ? undefined
    : "the machine is not running any more";
}

async function startedAtMs(journalPath: string): Promise<number | undefined> {
  return (await readRecord(join(dirname(journalPath), MACHINE_FILES.process)))?.startedAtMs;
}

function latest(lines: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return [...lines].flatMap(([unit, said]) => said.slice(-3).map((line) => `${unit}: ${line}`));
}

function consoleTail(lines: readonly string[]): readonly string[] {
  return lines.slice(-CONSOLE_TAIL).map((line) => `console: ${line}`);
}
