// SPDX-License-Identifier: Apache-2.0
// Runs a program and hands back everything it said; fails with all of it.
import { spawn } from "node:child_process";

export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Every line goes to this process's stderr too, so that long tests show what they do. */
  readonly echo?: string;
  /** Default: nothing. */
  readonly stdin?: string;
}

/** Runs to the end, whatever the exit code. */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const start = performance.now();
  const child = spawn(file, [...args], {
    cwd: options.cwd,
    env: { ...process.env, NODE_OPTIONS: "", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A program need not read what it is given.
  child.stdin.on("error", () => {});
  child.stdin.end(options.stdin ?? "");
  let stdout = "";
  let stderr = "";
  const echo = (text: string): void => {
    if (options.echo !== undefined) {
      process.stderr.write(text.replace(/^(?=.)/gm, `${options.echo} `));
    }
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    echo(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    echo(text);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => {
      resolve({ exitCode, stdout, stderr, seconds: (performance.now() - start) / 1000 });
    });
  });
}

/** Runs a program that must end with 0. */
export async function succeed(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const ran = await run(file, args, options);
  if (ran.exitCode !== 0) {
    throw new Error(
      `${file} ${args.join(" ")} ended with ${ran.exitCode}\n${ran.stdout}\n${ran.stderr}`,
    );
  }
  return ran;
}
