// SPDX-License-Identifier: Apache-2.0
// Makes a stack ready for a command: creates it, and frees it from a run that was killed.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  findUnrecorded,
  type RecordedResource,
  removeUnrecorded,
  type Unrecorded,
} from "../../modules/provider/processes/unrecorded.ts";
import { expectPulumi } from "./run-pulumi.ts";
import { stackLocks } from "./stack-lock.ts";
import { waitForStrayProviders } from "./stray-providers.ts";
import { stackExists, statePath, type Workspace } from "./workspace.ts";

/** Creates the stack if it is not there. */
export async function ensureStack(workspace: Workspace, stack: string): Promise<void> {
  refuseNamesake(workspace, stack);
  if (stackExists(workspace, stack)) return;
  dropStaleSalt(join(workspace.projectDir, `Pulumi.${stack}.yaml`));
  await expectPulumi(workspace, ["stack", "init", "--stack", stack, "--no-select"]);
}

/**
 * If a run of this stack was killed: removes its lock, and asks the provider what became of the resources that it was
 * working on. Killed itself, it does the same again the next time. Fails when a run is alive.
 */
export async function recoverStack(
  workspace: Workspace,
  stack: string,
  say: (message: string) => void,
): Promise<void> {
  const locks = stackLocks(workspace, stack);
  const alive = locks.find((lock) => lock.isAlive);
  if (alive !== undefined) {
    throw new Error(
      `Cannot use stack "${stack}": process ${alive.pid} has been working on it since ${alive.since}, expected nobody`,
    );
  }
  if (locks.length > 0) {
    say(`The last run of stack "${stack}" was killed: freeing its lock and reading what is there`);
    await waitForStrayProviders(workspace.stateDir);
    await expectPulumi(workspace, ["cancel", "--yes", "--stack", stack]);
  }
  const pending = stateList(statePath(workspace, stack), "pending_operations");
  if (locks.length === 0 && pending.length === 0) return;
  const options = ["--yes", "--skip-preview", "--clear-pending-creates"];
  await expectPulumi(workspace, ["refresh", ...options, "--stack", stack]);
}

/** What killed runs left of this stack that its state does not have. */
export async function unrecorded(
  workspace: Workspace,
  stack: string,
): Promise<readonly Unrecorded[]> {
  return await findUnrecorded(stackDir(workspace, stack), recordedResources(workspace, stack));
}

/** Ends and removes it, and says so; disks that have data are kept. */
export async function dropUnrecorded(
  workspace: Workspace,
  stack: string,
  say: (message: string) => void,
): Promise<void> {
  for (const found of await unrecorded(workspace, stack)) {
    if (found.hasData) {
      say(`Kept ${shown(found)}: it has data, and no state knows of it`);
      continue;
    }
    await removeUnrecorded(found, stackDir(workspace, stack));
    say(`Removed ${shown(found)}, which a killed run had not recorded`);
  }
}

/** `machine "lab-controller-0" (process 4711)`. */
export function shown({ kind, name, pid, path, hasData }: Unrecorded): string {
  const where = hasData ? ` in ${path}` : pid === undefined ? "" : ` (process ${pid})`;
  return `${kind} "${name}"${where}`;
}

function stackDir({ stateDir }: Workspace, stack: string): string {
  return join(stateDir, "stacks", stack);
}

/** Removes an empty stack with its history; its settings file too. */
export async function removeStack(workspace: Workspace, stack: string): Promise<void> {
  if (!stackExists(workspace, stack)) return;
  await expectPulumi(workspace, ["stack", "rm", "--yes", "--stack", stack]);
}

// Machines and mirrors have their folders by the stack's name: with COREFLY_STATE exported, two projects could meet there.
function refuseNamesake({ backendDir, stateDir, project }: Workspace, stack: string): void {
  const stacks = join(backendDir, ".pulumi/stacks");
  const others = existsSync(stacks) ? readdirSync(stacks) : [];
  const namesake = others
    .filter((other) => other !== project)
    .find((other) => hasResources(join(stacks, other, `${stack}.json`)));
  if (namesake !== undefined) {
    throw new Error(
      `Cannot use stack "${stack}" in "${stateDir}": project "${namesake}" has one of that name there, expected another --stack or COREFLY_STATE`,
    );
  }
}

function hasResources(path: string): boolean {
  return stateList(path, "resources").length > 0;
}

function recordedResources(workspace: Workspace, stack: string): readonly RecordedResource[] {
  return stateList(statePath(workspace, stack), "resources").flatMap((resource) => {
    const [type, urn] = [memberOf(resource, "type"), memberOf(resource, "urn")];
    if (typeof type !== "string" || typeof urn !== "string") return [];
    return [{ type, name: urn.split("::").slice(3).join("::") }];
  });
}

/** A list of the last deployment in a state file of the backend. */
function stateList(path: string, name: string): readonly unknown[] {
  if (!existsSync(path)) return [];
  const list = ["checkpoint", "latest", name].reduce(memberOf, parseState(path));
  return Array.isArray(list) ? list : [];
}

function parseState(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const copy = existsSync(`${path}.bak`)
      ? `; the state before the last step is "${path}.bak"`
      : "";
    throw new Error(`Cannot read state "${path}": found no whole JSON, expected it${copy}`, {
      cause,
    });
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}

// The settings of a stack whose state was deleted have the salt of the old passphrase: with a new one it says "incorrect
// passphrase". Where nothing was encrypted with it, it can go.
function dropStaleSalt(path: string): void {
  if (!existsSync(path)) return;
  const text = readFileSync(path, "utf8");
  if (/^\s*-?\s*secure:/m.test(text)) return;
  const kept = text.split("\n").filter((line) => !line.startsWith("encryptionsalt:"));
  if (kept.join("\n") !== text) writeFileSync(path, kept.join("\n"));
}
