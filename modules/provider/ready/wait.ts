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
import {
  advance,
  currentPhase,
  endPhase,
  NO_PROGRESS,
  type Phase,
  phaseSeconds,
  phaseStartMs,
  phaseText,
} from "./phases.ts";
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
const MAX_CONSOLE_LINES = 2_000;

/** How far a machine's clock may be behind. */
const CLOCK_SKEW_MS = 3_000;

/** What a unit said last may be in the journal after systemd's word that it failed. */
const AFTERWORDS_MS = 1_000;

/** The addons are applied by this unit; before it ends, pods may be missing that nobody knows of yet. */
const ADDONS_UNIT = "corefly-addons.service";

/** Returns the times of the phases. Throws NotReadyError with the cause. */
export async function waitUntilReady(options: WaitOptions): Promise<PhaseTimes> {
  const watch = new StartWatch(options);
  let seen: ProbeResult = { state: "api", waitingFor: "the API server" };
  let looking = look(options);
  for (;;) {
    await watch.read();
    if (options.signal.aborted) throw watch.timedOut(seen);
    await watch.throwIfFailed();
    // Meanwhile the API server may take its time: until the node's network is up, nobody refuses a connection.
    const looked = await within(looking, POLL_MS, options.signal);
    if (looked !== undefined) {
      if (looked.failure !== undefined) throw looked.failure;
      seen = looked.result;
      if (watch.ended(seen)) return await watch.times();
    }
    watch.show(seen);
    if (looked === undefined) continue;
    await sleep(POLL_MS, undefined, { signal: options.signal }).catch(() => undefined);
    looking = look(options);
  }
}

/** What a node's logs say of its start. */
class StartWatch {
  readonly #options: WaitOptions;
  readonly #journal: LineTail;
  readonly #console: LineTail;
  readonly #startedMs: number;
  #lines: readonly string[] = [];
  #progress = NO_PROGRESS;
  #failures = NO_FAILURES;
  #powerOnMs: number | undefined;

  constructor(options: WaitOptions) {
    this.#options = options;
    this.#journal = new LineTail(options.journalPath);
    this.#console = new LineTail(options.consolePath);
    this.#startedMs = options.now();
  }

  /** Takes in what is new. */
  async read(): Promise<void> {
    this.#powerOnMs ??= await startedAtMs(this.#options.journalPath);
    for (const line of await this.#journal.read()) {
      const entry = parseJournalLine(line);
      if (entry === undefined) continue;
      this.#progress = advance(this.#progress, entry);
      this.#failures = watchFailures(this.#failures, entry, this.#startedMs - CLOCK_SKEW_MS);
    }
    const fresh = consoleLines((await this.#console.read()).join("\n"));
    this.#lines = [...this.#lines, ...fresh].slice(-MAX_CONSOLE_LINES);
  }

  async throwIfFailed(): Promise<void> {
    if (this.#failures.failure !== undefined) {
      await sleep(AFTERWORDS_MS);
      await this.read();
      throw unitFailed(this.#failures, this.#failures.failure);
    }
    const { journalPath } = this.#options;
    const dead = (await processEnded(journalPath)) ?? deadEnd(this.#lines, this.#progress.bootId);
    if (dead !== undefined) throw new NotReadyError(dead, consoleTail(this.#lines));
  }

  timedOut(seen: ProbeResult): NotReadyError {
    const { now, signal } = this.#options;
    const seconds = Math.round((now() - this.#startedMs) / 1000);
    const phase = currentPhase(this.#progress);
    return new NotReadyError(
      `after ${seconds} s still waiting for ${seen.waitingFor}, in phase ${phase}`,
      [...latest(this.#failures.lines), ...consoleTail(this.#lines)],
      { cause: signal.reason },
    );
  }

  /** Notes the phases that are seen from outside; true if the last one ended. */
  ended(seen: ProbeResult): boolean {
    if (seen.state !== "api") this.#end("API server");
    if (this.#missing(seen) !== undefined) return false;
    this.#end("Ready");
    return true;
  }

  /** The resource's row: where the node is, and what is missing. */
  show(seen: ProbeResult): void {
    const { plan, now } = this.#options;
    const phase = currentPhase(this.#progress);
    const times = { startedAtMs: this.#powerOnMs ?? this.#startedMs, now };
    const text = phaseText(phase, phaseStartMs(this.#progress) ?? this.#startedMs, times);
    this.#options.status(
      `${plan.nodeNames[0]}: ${text}: waiting for ${this.#missing(seen) ?? "nothing more"}`,
    );
  }

  async times(): Promise<PhaseTimes> {
    return phaseSeconds(this.#progress, await startedAtMs(this.#options.journalPath));
  }

  #missing(seen: ProbeResult): string | undefined {
    if (seen.state !== "ready") return seen.waitingFor;
    return this.#progress.starting.includes(ADDONS_UNIT) ? "the addons to be applied" : undefined;
  }

  #end(phase: Phase): void {
    this.#progress = endPhase(this.#progress, phase, this.#options.now());
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

type Looked =
  | { readonly result: ProbeResult; readonly failure?: undefined }
  | { readonly failure: NotReadyError };

/** Never rejects: whoever waits for it may have stopped waiting. */
async function look(options: WaitOptions): Promise<Looked> {
  try {
    return { result: await probe(options.plan, ANSWER_MS, options.signal) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return {
      failure: new NotReadyError(`the API server is not the one expected: ${reason}`, [], {
        cause,
      }),
    };
  }
}

/** What it resolves to; undefined if that takes longer, or is not wanted any more. */
async function within<T>(
  promise: Promise<T>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<T | undefined> {
  const over = new AbortController();
  const pause = sleep(timeoutMs, undefined, {
    signal: AbortSignal.any([signal, over.signal]),
  }).catch(() => undefined);
  const first = await Promise.race([promise, pause]);
  over.abort();
  return signal.aborted ? undefined : first;
}

/** A console that has seen a whole boot shows old failures too; only what precedes the journal counts. */
function deadEnd(lines: readonly string[], bootId: string): string | undefined {
  return bootId === "" ? consoleFailure(lines) : undefined;
}

async function processEnded(journalPath: string): Promise<string | undefined> {
  const record = await readRecord(join(dirname(journalPath), MACHINE_FILES.process));
  return record === undefined || (await isAlive(record.process))
    ? undefined
    : "the machine is gone: its process ended";
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
