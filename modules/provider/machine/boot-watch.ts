// SPDX-License-Identifier: Apache-2.0
// Waits for a machine that was started: until its journal comes, or until it is clear why it will not.

import { setTimeout as sleep } from "node:timers/promises";
import {
  consoleFailure,
  consoleLines,
  consoleUp,
  kernelStarts,
} from "../../platforms/qemu/plan/console.ts";
import { parseJournalLine } from "../../platforms/qemu/plan/journal.ts";
import { isAlive, type ProcessIdentity } from "../processes/identity.ts";
import type { LineTail } from "../processes/tail.ts";
import { phaseText } from "../ready/phases.ts";

export interface BootWatchOptions {
  readonly process: ProcessIdentity;
  /** When it was started, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  now(): number;
  readonly console: LineTail;
  readonly journal: LineTail;
  /** Why the process ended. */
  lastWords(): Promise<string>;
  /** Presses the machine's reset button. */
  reset(): Promise<void>;
  status(text: string): void;
  warn(text: string): void;
  readonly signal: AbortSignal;
}

/** Why a machine is not up: one line, and what its console said last. */
export class BootError extends Error {
  readonly details: readonly string[];

  constructor(reason: string, lines: readonly string[], options?: ErrorOptions) {
    super(reason, options);
    this.name = "BootError";
    this.details = lines.slice(-CONSOLE_TAIL).map((line) => `console: ${line}`);
  }
}

const POLL_MS = 250;
const CONSOLE_TAIL = 10;
/** After the console's first sign of failure the rest of what it says comes. */
const AFTERWORDS_MS = 2_000;

/**
 * A kernel that starts is never silent for so long. Without KVM, QEMU before 8.1 may go on running code that another processor
 * has just rewritten: the kernel then loops as it rewrites its own (jump labels), and only a reset helps.
 */
const STALL_MS = 60_000;
const MAX_RESETS = 3;

/** The phases that only the console shows, and the line that each begins with. Power-on comes before the first line. */
const BEGINNINGS: ReadonlyArray<readonly [string, RegExp]> = [
  ["firmware", /^(?!)/],
  ["kernel", /Linux version|Command line/],
  ["Ignition", /Ignition \(|ignition-(fetch|disks|mount|files|kargs)/],
  ["runtime", /switch(ing)?[ -]root/i],
];

/** Throws a BootError with the cause if the machine does not come up, or takes too long: then with its last words. */
export async function watchBoot(options: BootWatchOptions): Promise<void> {
  const lines: string[] = [];
  try {
    await watch(options, lines);
  } catch (error) {
    if (error instanceof BootError || !options.signal.aborted) throw error;
    const last = lines.at(-1);
    const heard = last === undefined ? "its console says nothing" : `last on its console: ${last}`;
    const reason = `${abortReason(options.signal)}; ${heard}`;
    throw new BootError(reason, lines, { cause: error });
  }
}

/** The deadline's reason names the resource, which whoever reports this does too. */
function abortReason({ reason }: AbortSignal): string {
  const text = reason instanceof Error ? reason.message : String(reason);
  return text.replace(/^Cannot [^:]*: /, "");
}

async function watch(options: BootWatchOptions, lines: string[]): Promise<void> {
  let phase = 0;
  let sinceMs = options.startedAtMs;
  let heardMs = options.now();
  let resets = 0;
  for (;;) {
    options.signal.throwIfAborted();
    const alive = await isAlive(options.process);
    if (await journalCame(options.journal)) return;
    const fresh = consoleLines((await options.console.read()).join("\n"));
    lines.push(...fresh);
    if (consoleFailure(lines) !== undefined) {
      await sleep(AFTERWORDS_MS);
      lines.push(...consoleLines((await options.console.read()).join("\n")));
      throw new BootError(consoleFailure(lines) ?? "it stopped in emergency mode", lines);
    }
    if (consoleUp(lines)) return;
    if (!alive) throw new BootError(`the machine ended: ${await options.lastWords()}`, lines);
    const reached = phaseAfter(phase, fresh);
    if (reached !== phase) {
      phase = reached;
      sinceMs = options.now();
    }
    if (fresh.length > 0) heardMs = options.now();
    if (kernelStarts(lines) && options.now() - heardMs >= STALL_MS && resets < MAX_RESETS) {
      resets += 1;
      options.warn(`Its kernel has been silent for ${STALL_MS / 1000} s while it started: reset`);
      await options.reset();
      heardMs = options.now();
    }
    options.status(phaseText(BEGINNINGS[phase]?.[0] ?? "", sinceMs, options));
    await sleep(POLL_MS, undefined, { signal: options.signal });
  }
}

/** Phases only go forward: a later part of the console may speak of an earlier one. */
function phaseAfter(phase: number, lines: readonly string[]): number {
  const reached = BEGINNINGS.findLastIndex(([, begins]) => lines.some((line) => begins.test(line)));
  return Math.max(phase, reached);
}

async function journalCame(journal: LineTail): Promise<boolean> {
  return (await journal.read()).some((line) => parseJournalLine(line) !== undefined);
}
