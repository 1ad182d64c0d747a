// SPDX-License-Identifier: Apache-2.0
// Waits for a machine that was just started: until its journal comes, or until it is clear why it will not.

import { setTimeout as sleep } from "node:timers/promises";
import { consoleFailure, consoleLines, consoleUp } from "../../platforms/qemu/plan/console.ts";
import { parseJournalLine } from "../../platforms/qemu/plan/journal.ts";
import { isAlive, type ProcessIdentity } from "../processes/identity.ts";
import type { LineTail } from "../processes/tail.ts";

export interface BootWatchOptions {
  readonly process: ProcessIdentity;
  readonly console: LineTail;
  readonly journal: LineTail;
  /** Why the process ended. */
  readonly lastWords: () => Promise<string>;
  readonly status: (text: string) => void;
  readonly signal: AbortSignal;
}

const POLL_MS = 250;
/** After the console's first sign of failure the rest of what it says comes. */
const AFTERWORDS_MS = 2_000;

/** What to show while the console's newest line matches; the first that matches counts. */
const STAGES: ReadonlyArray<readonly [RegExp, string]> = [
  [/ignition-files|Ignition \(files\)/, "Ignition writes files"],
  [/ignition-(fetch|disks|mount|kargs)|Ignition \(/, "Ignition runs"],
  [/initrd|dracut/, "the initramfs is at work"],
  [/Linux version|Command line/, "the kernel starts"],
];

/** Throws an error with the cause if the machine does not come up, or takes too long: then with its last words. */
export async function watchBoot(options: BootWatchOptions): Promise<void> {
  const lines: string[] = [];
  try {
    await watch(options, lines);
  } catch (error) {
    if (!options.signal.aborted) throw error;
    const last = lines.at(-1);
    const heard = last === undefined ? "its console says nothing" : `last on its console: ${last}`;
    throw new Error(`${abortReason(options.signal)}; ${heard}`, { cause: error });
  }
}

/** The deadline's reason names the resource, which whoever reports this does too. */
function abortReason({ reason }: AbortSignal): string {
  const text = reason instanceof Error ? reason.message : String(reason);
  return text.replace(/^Cannot [^:]*: /, "");
}

async function watch(options: BootWatchOptions, lines: string[]): Promise<void> {
  let shown = "";
  for (;;) {
    options.signal.throwIfAborted();
    const alive = await isAlive(options.process);
    if (await journalCame(options.journal)) return;
    const fresh = consoleLines((await options.console.read()).join("\n"));
    lines.push(...fresh);
    if (consoleFailure(lines) !== undefined) {
      await sleep(AFTERWORDS_MS);
      lines.push(...consoleLines((await options.console.read()).join("\n")));
      throw new Error(consoleFailure(lines) ?? "it stopped in emergency mode");
    }
    if (consoleUp(lines)) return;
    if (!alive) throw new Error(`QEMU ended: ${await options.lastWords()}`);
    const stage = STAGES.find(([pattern]) => fresh.some((line) => pattern.test(line)))?.[1];
    if (stage !== undefined && stage !== shown) {
      shown = stage;
      options.status(`Booting: ${stage}`);
    }
    await sleep(POLL_MS, undefined, { signal: options.signal });
  }
}

async function journalCame(journal: LineTail): Promise<boolean> {
  return (await journal.read()).some((line) => parseJournalLine(line) !== undefined);
}
