// SPDX-License-Identifier: Apache-2.0
// Prints what a node says: its journal, or its console.

import { setTimeout as sleep } from "node:timers/promises";
import { consoleLines } from "../../modules/platforms/qemu/plan/console.ts";
import { parseJournalLine } from "../../modules/platforms/qemu/plan/journal.ts";
import { LineTail } from "../../modules/provider/processes/tail.ts";
import { harmless } from "../report/plan/text.ts";
import { lastPart, wholeLines } from "./lines.ts";
import type { ConsoleCommand, LogsCommand } from "./plan/command-line.ts";
import { isWanted, lastBoot } from "./plan/select.ts";
import { shortLine } from "./plan/short-lines.ts";
import type { NodeFiles } from "./stack-nodes.ts";

export interface Output {
  /** Takes whole lines, without their ends; resolves when there is room for more. */
  print(lines: readonly string[]): Promise<void>;
  readonly signal: AbortSignal;
}

const POLL_MS = 200;

/** Where the last start's entries are, at the latest. */
const LAST_BYTES = 1 << 20;

type Show = (lines: readonly string[]) => readonly string[];

/** The journal; with `follow` until the signal. Throws if the node has never said anything and nobody waits for it. */
export async function printLogs(
  node: NodeFiles,
  command: LogsCommand,
  output: Output,
): Promise<void> {
  const boot = lastBoot((await lastPart(node.journal, LAST_BYTES)).split("\n"));
  if (boot === undefined && !command.follow) {
    throw new Error(
      `Cannot show the journal of node "${node.name}": it has none yet (its console: corefly-node console ${node.name})`,
    );
  }
  const show =
    (start: string | undefined): Show =>
    (lines) =>
      lines
        .flatMap((line) => parseJournalLine(line) ?? [])
        .filter((entry) => isWanted(entry, command, start))
        .map((entry) => shortLine(node.name, entry));
  const tail = new LineTail(node.journal);
  await printSoFar(tail, show(boot), command.lastLines, output);
  // The node may start anew meanwhile.
  if (command.follow) await follow(tail, show(undefined), output);
}

/** The console's text, without what a terminal would obey. */
export async function printConsole(
  node: NodeFiles,
  command: ConsoleCommand,
  output: Output,
): Promise<void> {
  const tail = new LineTail(node.console);
  const show: Show = (lines) => lines.map(plain);
  await printSoFar(tail, show, command.lastLines, output);
  if (command.follow) await follow(tail, show, output);
}

/** A journal may be long: of all that is not wanted nothing is kept. */
async function printSoFar(
  tail: LineTail,
  show: Show,
  lastLines: number | undefined,
  output: Output,
): Promise<void> {
  let kept: readonly string[] = [];
  for await (const lines of wholeLines(tail)) {
    const shown = show(lines);
    if (lastLines === undefined) await output.print(shown);
    else kept = [...kept, ...shown].slice(-lastLines || Number.POSITIVE_INFINITY);
  }
  await output.print(kept);
}

async function follow(tail: LineTail, show: Show, { print, signal }: Output): Promise<void> {
  while (!signal.aborted) {
    await print(show(await tail.read()));
    // Ctrl-C is the way to end it.
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Without colours and other control sequences; of a line that was written over, what is left of it. */
function plain(line: string): string {
  return harmless(consoleLines(line).at(-1) ?? "");
}
