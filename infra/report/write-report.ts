// SPDX-License-Identifier: Apache-2.0
// Gathers what a stack's folder knows of the last starts of its nodes, and writes the report there.

import { chmod, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type JournalEntry, parseJournalLine } from "../../modules/platforms/qemu/plan/journal.ts";
import { readRecord } from "../../modules/provider/processes/daemon.ts";
import { type Place, statePath } from "../engine/workspace.ts";
import { type NodeFiles, stackNodes } from "../node/stack-nodes.ts";
import { page, type ReportNode } from "./plan/page.ts";
import { seenPhases } from "./plan/seen-phases.ts";
import { nodeTimeline } from "./plan/timeline.ts";
import { parseTransfers, servedNames, type Transfer, transfersBetween } from "./plan/transfers.ts";

export interface WrittenReport {
  readonly path: string;
  readonly nodes: readonly ReportNode[];
}

/** Writes `report.html` into the stack's folder, in place of an earlier one. Throws if the stack has no nodes. */
export async function writeReport(place: Place, stack: string): Promise<WrittenReport> {
  const folder = join(place.stateDir, "stacks", stack);
  const files = await stackNodes(folder);
  if (files.length === 0) {
    throw new Error(`Cannot write a report of stack "${stack}": it has no nodes`);
  }
  const seen = seenPhases(await readFile(statePath(place, stack), "utf8").catch(() => ""));
  const transfers = await allTransfers(join(folder, "mirrors"));
  const nodes: ReportNode[] = [];
  for (const node of files) {
    const timeline = nodeTimeline({
      node: node.name,
      entries: await readJournal(node),
      poweredOnAtMs: (await readRecord(node.process))?.startedAtMs,
      seen,
    });
    if (timeline === undefined) continue;
    const { startedAtMs, totalMs } = timeline;
    nodes.push({
      timeline,
      transfers: transfersBetween(transfers, startedAtMs, startedAtMs + totalMs),
    });
  }
  const path = join(folder, "report.html");
  await writeWhole(path, page({ stack, nodes }));
  return { path, nodes };
}

async function readJournal({ journal }: NodeFiles): Promise<readonly JournalEntry[]> {
  const text = await readFile(journal, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    const entry = parseJournalLine(line);
    return entry === undefined ? [] : [entry];
  });
}

async function allTransfers(mirrors: string): Promise<readonly Transfer[]> {
  const names = await readdir(mirrors).catch(() => []);
  const all: Transfer[] = [];
  for (const name of names) {
    const config = await readFile(join(mirrors, name, "config.json"), "utf8").catch(() => "");
    const log = await readFile(join(mirrors, name, "requests.log"), "utf8").catch(() => "");
    all.push(...parseTransfers(log.split("\n"), servedNames(config)));
  }
  return all;
}

/** Whoever reads it meanwhile sees the old one or the new one. What nodes log is for the stack's owner. */
async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(`${path}.part`, text, { mode: 0o600 });
  await chmod(`${path}.part`, 0o600);
  await rename(`${path}.part`, path);
}
