// SPDX-License-Identifier: Apache-2.0
// A state folder as a stack leaves it: the journal of a lab machine's first start, recorded and cut, and what belongs to it.
import { cpSync } from "node:fs";
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

/** Makes it anew in a folder: one stack, `dev`, with one node. */
export function recordedState(stateDir: string): RecordedState {
  cpSync(recorded, stateDir, { recursive: true });
  const stackDir = join(stateDir, "stacks/dev");
  return { stateDir, stackDir, nodeDir: join(stackDir, "nodes", NODE) };
}
