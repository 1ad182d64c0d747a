// SPDX-License-Identifier: Apache-2.0
// Runs the Pulumi CLI in a workspace: for people with its own display, for programs with captured output.

import { spawn } from "node:child_process";
import type { Environment } from "./pulumi-cli.ts";
import type { Workspace } from "./workspace.ts";

/** Runs a command with the terminal of this process; resolves to its exit status. */
export async function showPulumi(
  workspace: Workspace,
  args: readonly string[],
  environment: Environment = {},
): Promise<number> {
  const child = spawn(workspace.cli.path, [...args], {
    cwd: workspace.projectDir,
    env: { ...workspace.environment, ...environment },
    stdio: "inherit",
  });
  // Ctrl-C reaches the CLI from the terminal: it then ends what runs, and records it; we wait. A second one ends it hard.
  const wait = () => undefined;
  const interrupt = () => child.kill("SIGINT");
  process.on("SIGINT", wait);
  process.on("SIGTERM", interrupt);
  process.on("SIGHUP", interrupt);
  try {
    return await new Promise<number>((done, fail) => {
      child.on("error", fail);
      child.on("exit", (code, signal) => done(signal === null ? (code ?? 1) : 128));
    });
  } finally {
    process.off("SIGINT", wait);
    process.off("SIGTERM", interrupt);
    process.off("SIGHUP", interrupt);
  }
}

export interface PulumiResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command and gives its output, whatever its exit status. */
export async function capturePulumi(
  workspace: Workspace,
  args: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<PulumiResult> {
  const child = spawn(workspace.cli.path, ["--non-interactive", "--color=never", ...args], {
    cwd: workspace.projectDir,
    env: workspace.environment,
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number>((done, fail) => {
      child.on("error", fail);
      child.on("close", (code) => done(code ?? 128));
    }),
  ]);
  return { exitCode, stdout, stderr };
}

/** As `capturePulumi`, but an exit status other than 0 is an error with what the CLI said. */
export async function expectPulumi(workspace: Workspace, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await capturePulumi(workspace, args);
  if (exitCode !== 0) {
    const said = (stderr.trim() || stdout.trim()).split("\n").slice(-3).join(" ");
    throw new Error(`Cannot run pulumi ${args.slice(0, 2).join(" ")}: ${said}`);
  }
  return stdout;
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: string[] = [];
  stream.setEncoding("utf8");
  for await (const chunk of stream) chunks.push(String(chunk));
  return chunks.join("");
}
