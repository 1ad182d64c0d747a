// SPDX-License-Identifier: Apache-2.0
// Gathers what a stack's folder knows of the last starts of its nodes, and writes the report there.

import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LineTail } from "../../modules/provider/processes/tail.ts";
import { type Place, statePath } from "../engine/workspace.ts";
import { namesIn, textOf, wholeLines } from "../node/lines.ts";
import { stackNodes } from "../node/stack-nodes.ts";
import { page, type ReportNode } from "./plan/page.ts";
import { seenPhases } from "./plan/seen-phases.ts";
import { parseTransfers, servedNames, type Transfer, transfersBetween } from "./plan/transfers.ts";
import { readTimeline } from "./read-timeline.ts";

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
  const seen = seenPhases(await textOf(statePath(place, stack)));
  const transfers = await allTransfers(join(folder, "mirrors"));
  const nodes: ReportNode[] = [];
  for (const node of files) {
    const timeline = await readTimeline(node, seen);
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

async function allTransfers(mirrors: string): Promise<readonly Transfer[]> {
  const all: Transfer[] = [];
  for (const name of await namesIn(mirrors)) {
    const names = servedNames(await textOf(join(mirrors, name, "config.json")));
    for await (const lines of wholeLines(new LineTail(join(mirrors, name, "requests.log")))) {
      for (const transfer of parseTransfers(lines, names)) all.push(transfer);
    }
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
