// SPDX-License-Identifier: Apache-2.0
// The command behind the Makefile: finds or makes a Pulumi CLI, prepares the workspace, runs one command on a stack.
//   node infra/engine/main.ts up|preview|destroy|refresh|output [--stack STACK] [--cwd DIR] [-- ARGUMENTS OF PULUMI]

import { parseArgs } from "node:util";
import { defaultCacheDir } from "../../modules/provider/build/host.ts";
import { COMMANDS, type Command, hasWork, runCommand } from "./commands.ts";
import { providePulumi } from "./provide-pulumi.ts";
import { releaseSource } from "./settings.ts";
import { findPlace, openWorkspace } from "./workspace.ts";

const USAGE = `usage: main.ts ${COMMANDS.join("|")} [--stack STACK] [--cwd DIR] [-- ARGUMENTS]`;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function main(argv: readonly string[]): Promise<number> {
  const { command, stack, cwd, args } = parseCommandLine(argv);
  const environment = process.env;
  if (!hasWork(findPlace({ projectDir: cwd, environment }), command, { stack, say })) return 0;
  const cacheDir = defaultCacheDir(environment);
  const source = releaseSource(cwd, stack);
  const cli = await providePulumi({ environment, cacheDir, source, say });
  const workspace = openWorkspace({ projectDir: cwd, environment, cli });
  return await runCommand(workspace, command, {
    stack,
    args,
    isTerminal: process.stdout.isTTY === true,
    say,
  });
}

interface CommandLine {
  readonly command: Command;
  readonly stack: string;
  readonly cwd: string;
  readonly args: readonly string[];
}

function parseCommandLine(argv: readonly string[]): CommandLine {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const { values, positionals } = parseOptions(own);
  const command = COMMANDS.find((name) => name === positionals[0]);
  if (command === undefined || positionals.length > 1) throw new Error(USAGE);
  const { stack = "dev", cwd = "." } = values;
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(stack)) {
    throw new Error(
      `Cannot use stack "${stack}": expected letters, digits, dots, dashes and underscores`,
    );
  }
  return { command, stack, cwd, args: end < 0 ? [] : argv.slice(end + 1) };
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { stack: { type: "string", short: "s" }, cwd: { type: "string", short: "C" } },
    });
  } catch (cause) {
    throw new Error(USAGE, { cause });
  }
}

function say(message: string): void {
  process.stderr.write(`corefly: ${message}\n`);
}
