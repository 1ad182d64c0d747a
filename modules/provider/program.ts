// SPDX-License-Identifier: Apache-2.0
// Runs another program to its end on behalf of a resource; its failure becomes one line.

import { execFile } from "node:child_process";

export interface ProgramOptions {
  /** For the message, after "Cannot". */
  readonly what: string;
  readonly signal: AbortSignal;
}

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Resolves to what the program printed; rejects with the last line of its complaints. */
export async function runProgram(
  file: string,
  args: readonly string[],
  { what, signal }: ProgramOptions,
): Promise<string> {
  return await new Promise((done, fail) => {
    const options = { signal, maxBuffer: MAX_OUTPUT_BYTES };
    execFile(file, [...args], options, (error, stdout, stderr) => {
      if (error === null) return done(stdout);
      // The framework has its own words for a cancelled operation.
      if (error.name === "AbortError") return fail(error);
      const said = stderr.trim().split("\n").at(-1) || error.message.split("\n")[0];
      return fail(new Error(`Cannot ${what}: ${said}`, { cause: error }));
    });
  });
}
