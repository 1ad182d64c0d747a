// SPDX-License-Identifier: Apache-2.0
// A state folder as a stack leaves it: the journal of a lab machine's first start, recorded and cut, and what belongs to it.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const recorded = join(root, "test/fixtures/first-start");

export const NODE = "lab-controller-0";

export interface RecordedState {
  /** What COREFLY_STATE names. */
  readonly stateDir: string;
  readonly stackDir: string;
  readonly nodeDir: string;
}

/** Seconds of each phase: those of the journal, and for the last two what nobody recorded. */
const PHASES = {
  kernel: 8.7,
  Ignition: 9.3,
  runtime: 17.1,
  images: 16.4,
  kubelet: 1.8,
  "API server": 43.7,
  Ready: 241,
};

/** Makes it below a folder, with one node. */
export function recordedState(folder: string, stack = "dev"): RecordedState {
  const stackDir = join(folder, "stacks", stack);
  const nodeDir = join(stackDir, "nodes", NODE);
  const mirrorDir = join(stackDir, "mirrors/lab-mirror");
  const backend = join(folder, "pulumi/.pulumi/stacks/corefly");
  for (const each of [nodeDir, mirrorDir, backend]) mkdirSync(each, { recursive: true });
  cpSync(join(recorded, "journal.jsonl"), join(nodeDir, "journal.jsonl"));
  cpSync(join(recorded, "process.json"), join(nodeDir, "process.json"));
  cpSync(join(recorded, "mirror.json"), join(mirrorDir, "config.json"));
  cpSync(join(recorded, "requests.txt"), join(mirrorDir, "requests.log"));
  const ready = { type: "corefly:index:ClusterReady", outputs: { phases: PHASES } };
  writeFileSync(
    join(backend, `${stack}.json`),
    JSON.stringify({ checkpoint: { latest: { resources: [ready] } } }),
  );
  return { stateDir: folder, stackDir, nodeDir };
}

/** The recorded journal's lines. */
export function recordedLines(): readonly string[] {
  return readFileSync(join(recorded, "journal.jsonl"), "utf8").trimEnd().split("\n");
}
