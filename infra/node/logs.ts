// SPDX-License-Identifier: Apache-2.0
// Prints what a node says: its journal, or its console.

import { setTimeout as sleep } from "node:timers/promises";
import { consoleLines } from "../../modules/platforms/qemu/plan/console.ts";
import { type JournalEntry, parseJournalLine } from "../../modules/platforms/qemu/plan/journal.ts";
import { LineTail } from "../../modules/provider/processes/tail.ts";
import { harmless } from "../report/plan/text.ts";
import type { ConsoleCommand, LogsCommand } from "./plan/command-line.ts";
import { isWanted, select } from "./plan/select.ts";
import { shortLine } from "./plan/short-lines.ts";
import type { NodeFiles } from "./stack-nodes.ts";

export interface Output {
  /** Takes whole lines, without their ends. */
  print(lines: readonly string[]): void;
  readonly signal: AbortSignal;
}

const POLL_MS = 200;

/** The journal; with `follow` until the signal. Throws if the node has never said anything and nobody waits for it. */
export async function printLogs(
  node: NodeFiles,
  command: LogsCommand,
  output: Output,
): Promise<void> {
  const tail = new LineTail(node.journal);
  const entries = (await readAll(tail)).flatMap(parse);
  if (entries.length === 0 && !command.follow) {
    throw new Error(
      `Cannot show the journal of node "${node.name}": it has none yet (its console: corefly-node console ${node.name})`,
    );
  }
  output.print(select(entries, command).map((entry) => shortLine(node.name, entry)));
  if (!command.follow) return;
  await follow(tail, output, (lines) =>
    lines
      .flatMap(parse)
      .filter((entry) => isWanted(entry, command))
      .map((entry) => shortLine(node.name, entry)),
  );
}

/** The console's text, without what a terminal would obey. */
export async function printConsole(
  node: NodeFiles,
  command: ConsoleCommand,
  output: Output,
): Promise<void> {
  const tail = new LineTail(node.console);
  const lines = (await readAll(tail)).map(plain);
  const { lastLines = lines.length } = command;
  output.print(lines.slice(Math.max(0, lines.length - lastLines)));
  if (command.follow) await follow(tail, output, (fresh) => fresh.map(plain));
}

async function readAll(tail: LineTail): Promise<readonly string[]> {
  const all: string[] = [];
  for (;;) {
    const lines = await tail.read();
    if (lines.length === 0) return all;
    for (const line of lines) all.push(line);
  }
}

async function follow(
  tail: LineTail,
  { print, signal }: Output,
  show: (lines: readonly string[]) => readonly string[],
): Promise<void> {
  while (!signal.aborted) {
    print(show(await tail.read()));
    // Ctrl-C is the way to end it.
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

function parse(line: string): readonly JournalEntry[] {
  const entry = parseJournalLine(line);
  return entry === undefined ? [] : [entry];
}

/** Without colours and other control sequences; of a line that was written over, what is left of it. */
function plain(line: string): string {
  return harmless(consoleLines(line).at(-1) ?? "");
}
