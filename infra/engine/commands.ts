// SPDX-License-Identifier: Apache-2.0
// The commands of the Makefile, and what each is for Pulumi.

import { openEventLog } from "./data-loss.ts";
import type { Environment } from "./pulumi-cli.ts";
import { showPulumi } from "./run-pulumi.ts";
import { dropUnrecorded, ensureStack, recoverStack, shown, unrecorded } from "./stack.ts";
import { type Place, stackExists, type Workspace } from "./workspace.ts";

export const COMMANDS = ["up", "preview", "destroy", "refresh", "output"] as const;
export type Command = (typeof COMMANDS)[number];

export interface CommandRun {
  readonly stack: string;
  /** Passed on to pulumi. */
  readonly args: readonly string[];
  readonly isTerminal: boolean;
  /** Tells the user what happens besides Pulumi's own display. */
  say(message: string): void;
}

/**
 * Whether there is something to do. Asked before anybody gets a Pulumi, which may take minutes.
 *
 * @throws Error when the command makes no sense without a stack
 */
export function hasWork(
  place: Place,
  command: Command,
  { stack, say }: Pick<CommandRun, "stack" | "say">,
): boolean {
  if (command === "up" || command === "preview" || stackExists(place, stack)) return true;
  if (command === "output") {
    throw new Error(`Cannot show outputs of stack "${stack}": it does not exist`);
  }
  say(`Stack "${stack}" does not exist: nothing to do`);
  return false;
}

/** Runs one command on a stack that it can work on; resolves to the exit status. */
export async function runCommand(
  workspace: Workspace,
  command: Command,
  run: CommandRun,
): Promise<number> {
  const { stack, say } = run;
  if (command !== "output") {
    await ensureStack(workspace, stack);
    await recoverStack(workspace, stack, say);
  }
  if (command === "destroy") await dropUnrecorded(workspace, stack, say);
  if (command === "up") {
    for (const found of await unrecorded(workspace, stack)) {
      if (found.pid !== undefined) say(`A killed run left ${shown(found)}: taken over if it fits`);
    }
  }
  // Where every status of a resource is a line of a log, seconds alone are no news.
  const progress = run.isTerminal ? {} : { COREFLY_PROGRESS: "lines" };
  const args = pulumiArguments(command, run);
  if (command === "preview") return await showPreview(workspace, args, progress, say);
  const exitCode = await showPulumi(workspace, args, progress);
  // Whatever the program wants is recorded by now; the rest belongs to nobody.
  if (command === "up" && exitCode === 0) await dropUnrecorded(workspace, stack, say);
  return exitCode;
}

async function showPreview(
  workspace: Workspace,
  args: readonly string[],
  environment: Environment,
  say: (message: string) => void,
): Promise<number> {
  const log = openEventLog();
  try {
    const all = { ...environment, ...log.environment };
    const exitCode = await showPulumi(workspace, [...args, ...log.args], all);
    for (const warning of log.warnings()) say(warning);
    return exitCode;
  } finally {
    log.close();
  }
}

/** The command line of one command. Nothing asks: `up` stops by itself when its preview fails. */
export function pulumiArguments(command: Command, run: CommandRun): readonly string[] {
  const stack = ["--stack", run.stack];
  const quiet = run.isTerminal ? [] : ["--suppress-progress", "--non-interactive"];
  switch (command) {
    case "output":
      return ["stack", "output", ...stack, ...run.args];
    case "preview":
      return ["preview", ...stack, ...quiet, ...run.args];
    case "up":
      return ["up", "--yes", ...stack, ...quiet, "--suppress-permalink=true", ...run.args];
    case "refresh":
    case "destroy":
      // Their previews would only say twice what is done anyway.
      return [command, "--yes", "--skip-preview", ...stack, ...quiet, ...run.args];
  }
}
