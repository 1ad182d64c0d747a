// SPDX-License-Identifier: Apache-2.0
// Reads the timeline of a node's last start from what the workstation keeps of it.

import { parseJournalLine } from "../../modules/platforms/qemu/plan/journal.ts";
import { readRecord } from "../../modules/provider/processes/daemon.ts";
import { LineTail } from "../../modules/provider/processes/tail.ts";
import { wholeLines } from "../node/lines.ts";
import type { NodeFiles } from "../node/stack-nodes.ts";
import {
  isAboutStart,
  NO_TIMELINE,
  nodeTimeline,
  type Timeline,
  type TimelineParts,
  watchTimeline,
} from "./plan/timeline.ts";

/** Undefined of a node that has not said anything yet. */
export async function readTimeline(
  node: NodeFiles,
  seen: TimelineParts["seen"],
): Promise<Timeline | undefined> {
  let watch = NO_TIMELINE;
  for await (const lines of wholeLines(new LineTail(node.journal))) {
    for (const line of lines) {
      const entry = isAboutStart(line) ? parseJournalLine(line) : undefined;
      if (entry !== undefined) watch = watchTimeline(watch, entry);
    }
  }
  const poweredOnAtMs = (await readRecord(node.process))?.startedAtMs;
  return nodeTimeline(watch, { node: node.name, poweredOnAtMs, seen });
}
