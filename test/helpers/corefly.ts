// SPDX-License-Identifier: Apache-2.0
// The command line as users call it, from the sources, in a process of its own.
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../runtime/cli/main.ts");

export const coreflyArgv = (args: readonly string[]): readonly string[] => [
  "--disable-warning=ExperimentalWarning",
  MAIN,
  ...args,
];

/** Runs it to the end. */
export function corefly(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, coreflyArgv(args), {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin", ...env },
  });
}

/** As corefly(), without waiting: for several at once. */
export function coreflyAsync(
  args: readonly string[],
): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, coreflyArgv(args), {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin" },
    });
    const text = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => {
      text.stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      text.stderr += chunk.toString();
    });
    child.on("close", (status) => resolve({ status, ...text }));
  });
}
