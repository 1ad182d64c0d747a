// SPDX-License-Identifier: Apache-2.0
// Makes a stack ready for a command: creates it, and frees it from a run that was killed.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeUnrecorded } from "../../modules/provider/processes/unrecorded.ts";
import { expectPulumi } from "./run-pulumi.ts";
import { stackLocks } from "./stack-lock.ts";
import { stackExists, statePath, type Workspace } from "./workspace.ts";

/** Creates the stack if it is not there. */
export async function ensureStack(workspace: Workspace, stack: string): Promise<void> {
  refuseNamesake(workspace, stack);
  if (stackExists(workspace, stack)) return;
  dropStaleSalt(join(workspace.projectDir, `Pulumi.${stack}.yaml`));
  await expectPulumi(workspace, ["stack", "init", "--stack", stack, "--no-select"]);
}

/**
 * If the last run of this stack was killed: removes its lock, and asks the provider what became of the resources that
 * it was working on. Fails when a run is alive.
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
  if (locks.length === 0) return;
  say(`The last run of stack "${stack}" was killed: freeing its lock and reading what is there`);
  const unrecorded = pendingCreates(statePath(workspace, stack));
  await expectPulumi(workspace, ["cancel", "--yes", "--stack", stack]);
  await expectPulumi(workspace, [
    "refresh",
    "--yes",
    "--skip-preview",
    "--clear-pending-creates",
    "--stack",
    stack,
  ]);
  for (const name of unrecorded) {
    await removeUnrecorded(join(workspace.stateDir, "stacks", stack), name);
  }
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

/** Names of the resources that were being made when the state was last written. */
function pendingCreates(path: string): readonly string[] {
  return stateList(path, "pending_operations")
    .filter((operation) => memberOf(operation, "type") === "creating")
    .map((operation) => ["resource", "urn"].reduce(memberOf, operation))
    .flatMap((urn) => (typeof urn === "string" ? [urn.split("::").slice(3).join("::")] : []));
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
