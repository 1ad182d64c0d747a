// SPDX-License-Identifier: Apache-2.0
// The command `corefly-node`: bin/corefly-node runs it, and so do `make logs`, `make console` and `make support`.

import { once } from "node:events";
import { join } from "node:path";
import { findPlace } from "../engine/workspace.ts";
import { printConsole, printLogs } from "./logs.ts";
import { HELP, parseCommandLine } from "./plan/command-line.ts";
import { findNode } from "./stack-nodes.ts";
import { writeSupportBundle } from "./support.ts";

// Whoever reads may have seen enough: `| head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

try {
  await main(process.argv.slice(2), Date.now());
} catch (error) {
  process.stderr.write(`corefly-node: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main(argv: readonly string[], nowMs: number): Promise<void> {
  const command = parseCommandLine(argv, nowMs);
  if (command.kind === "help") {
    process.stdout.write(HELP);
    return;
  }
  const { stack } = command;
  const place = findPlace({ projectDir: command.projectDir, environment: process.env });
  const node = await findNode(join(place.stateDir, "stacks", stack), stack, command.node);
  switch (command.kind) {
    case "logs":
      return printLogs(node, command, { print, signal: untilInterrupted() });
    case "console":
      return printConsole(node, command, { print, signal: untilInterrupted() });
    case "support":
      return print([
        await writeSupportBundle({ place, stack, node, output: command.output, nowMs }),
      ]);
  }
}

async function print(lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  if (!process.stdout.write(`${lines.join("\n")}\n`)) await once(process.stdout, "drain");
}

/** Ctrl-C ends what follows, with success. */
function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => controller.abort());
  }
  return controller.signal;
}
