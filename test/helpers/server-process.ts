// SPDX-License-Identifier: Apache-2.0
// Servers that tests start: their output in a file, and their end.
import type { ChildProcess } from "node:child_process";

/** The command that runs a program with both outputs at the end of a file: the process that is started becomes the program. */
export function logged(
  log: string,
  program: string,
  args: readonly string[],
): readonly [file: string, args: readonly string[]] {
  return ["sh", ["-c", 'log=$1; shift; exec "$@" >>"$log" 2>&1', "sh", log, program, ...args]];
}

/** Sends the signal unless the process has ended, and waits for its end. */
export async function endProcess(
  child: ChildProcess | undefined,
  signal: NodeJS.Signals,
): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}
