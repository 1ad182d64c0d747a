// SPDX-License-Identifier: Apache-2.0
// Runs a program for what it prints.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Standard output of a program that must end with 0; its error has what it said. */
export async function capture(file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execute(file, [...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
