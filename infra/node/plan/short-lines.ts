// SPDX-License-Identifier: Apache-2.0
// Entries of a journal as lines for people, in journalctl's short form, times in UTC. Pure.

import type { JournalEntry } from "../../../modules/platforms/qemu/plan/journal.ts";
import { harmless } from "../../report/plan/text.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Nov 25 01:58:03 lab-controller-0 kubelet[812]: text`; further lines of a message stand below its first. */
export function shortLine(node: string, entry: JournalEntry): string {
  const pid = entry.pid === undefined ? "" : `[${entry.pid}]`;
  const speaker = entry.identifier === "" ? "unknown" : entry.identifier;
  const head = harmless(`${timeOf(entry.timeMs)} ${node} ${speaker}${pid}: `);
  const indent = " ".repeat(head.length);
  const [first = "", ...others] = harmless(entry.message).trimEnd().split("\n");
  return [`${head}${first}`, ...others.map((line) => `${indent}${line}`)].join("\n");
}

function timeOf(ms: number): string {
  const date = new Date(Number.isFinite(ms) ? ms : 0);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(date.getUTCDate()).padStart(2, "0");
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  return `${MONTHS[date.getUTCMonth()]} ${day} ${clock}`;
}
