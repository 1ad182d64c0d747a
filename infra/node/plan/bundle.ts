// SPDX-License-Identifier: Apache-2.0
// What is in a support bundle: texts by name, secrets taken out. Pure.

import { parseJournalLine } from "../../../modules/platforms/qemu/plan/journal.ts";
import { breakdown, headline } from "../../report/plan/breakdown.ts";
import type { Timeline } from "../../report/plan/timeline.ts";
import { redactConfig, redactJournalLine, redactor } from "./redact.ts";
import { secretsOf } from "./secrets.ts";
import { shortLine } from "./short-lines.ts";

/** What was found of a node; texts are empty where there is nothing. */
export interface Findings {
  readonly node: string;
  readonly stack: string;
  /** When it was gathered. */
  readonly atMs: number;
  readonly ignition: string;
  /** Lines, the last ones of a long journal. */
  readonly journal: readonly string[];
  readonly console: string;
  readonly qemuLog: string;
  /** `requests.log` and `config.json` of each mirror, by name. */
  readonly mirrors: Readonly<Record<string, { readonly log: string; readonly config: string }>>;
  readonly machine: Readonly<Record<string, unknown>>;
  readonly workstation: Readonly<Record<string, unknown>>;
  /** Of the last start. */
  readonly timeline: Timeline | undefined;
  /** More that must not be in it: the stack's own keys. */
  readonly secrets: readonly string[];
}

/** The unit that journals what the node is like: runtime-units.ts of the cluster's planner. */
const SUPPORT_UNIT = "corefly-support.service";

/** Files of the bundle by name. */
export function bundleFiles(findings: Findings): Readonly<Record<string, string>> {
  const config = parseConfig(findings.ignition);
  const redact = redactor([...secretsOf(config), ...findings.secrets].sort(byLength));
  const journal = findings.journal
    .filter((line) => line !== "")
    .map((line) => redactJournalLine(line, redact));
  const entries = journal.flatMap((line) => parseJournalLine(line) ?? []);
  const mirrors = Object.entries(findings.mirrors).flatMap(([name, { log, config: served }]) => [
    [`mirrors/${name}/requests.log`, redact(log)] as const,
    [`mirrors/${name}/config.json`, redact(served)] as const,
  ]);
  return {
    "README.txt": readme(findings),
    "start.txt": redact(startText(findings.timeline)),
    "node.txt": lastReport(entries, findings.node),
    "journal.txt": lines(entries.map((entry) => shortLine(findings.node, entry))),
    "journal.jsonl": lines(journal),
    "console.log": redact(findings.console),
    "qemu.log": redact(findings.qemuLog),
    "config.ign.json": json(redactConfig(config, redact)),
    "machine.json": json(redactConfig(findings.machine, redact)),
    "workstation.json": json(findings.workstation),
    ...Object.fromEntries(mirrors),
  };
}

function readme({ node, stack, atMs }: Findings): string {
  return `Node ${node} of stack ${stack}, gathered ${new Date(atMs).toISOString()}

start.txt         how long each phase of the last start took, and what failed on the way
node.txt          what the node last said of itself: pods, images, failed units, disk, memory
journal.txt       its journal, for people; journal.jsonl has all fields
console.log       its serial console
config.ign.json   its Ignition config; contents that only root may read are left out
machine.json      the machine's process and files; qemu.log: what QEMU said
workstation.json  versions, and what the workstation has
mirrors           what each mirror serves, and what was asked of it

Private keys, passwords, tokens and contents of files that only root may read were replaced by [redacted],
wherever they stood. Look through it before you give it to somebody you do not know.
`;
}

function startText(timeline: Timeline | undefined): string {
  if (timeline === undefined) return "The journal has no start\n";
  const troubles = timeline.troubles.map(
    ({ what, times, reason }) =>
      `${what} failed ${times === 1 ? "once" : `${times} times`}: ${reason}`,
  );
  return lines([headline(timeline), "", ...breakdown(timeline), "", ...troubles]);
}

/** What the support unit said in its last run. */
function lastReport(
  entries: readonly NonNullable<ReturnType<typeof parseJournalLine>>[],
  node: string,
): string {
  const own = entries.filter(({ unit }) => unit === SUPPORT_UNIT);
  const begin = own.findLastIndex(
    ({ fromManager, message }) => fromManager && message.startsWith("Starting "),
  );
  if (begin < 0) return `The node has not said so far: ${SUPPORT_UNIT} did not run\n`;
  return lines(own.slice(begin).map((entry) => shortLine(node, entry)));
}

function parseConfig(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A config that cannot be read is not passed on.
    return undefined;
  }
}

function byLength(a: string, b: string): number {
  return b.length - a.length;
}

function lines(all: readonly string[]): string {
  return all.length === 0 ? "" : `${all.join("\n")}\n`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value ?? null, undefined, 2)}\n`;
}
