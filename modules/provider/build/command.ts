// SPDX-License-Identifier: Apache-2.0
// Programs that builders run: never through a shell, with all output in a log file whose end is in the error.

import { spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { ArtifactError } from "./artifact-error.ts";

/** A program with its arguments. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment of the program; this process's without it. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** What an abort sends; SIGINT, as a keyboard does, unless the program ignores that. */
  readonly interrupt?: NodeJS.Signals;
}

const TAIL_LINES = 15;
const SUCCESS = "exited with 0";

/** Runs to the end; what it says goes to `log` (truncated first) and line by line to `onLine`. */
export async function runLogged(
  command: Command,
  log: string,
  onLine: (line: string) => void = () => {},
): Promise<void> {
  await mkdir(dirname(log), { recursive: true });
  const tail: string[] = [];
  const file = openSync(log, "w");
  let ending: string;
  try {
    const child = start(command);
    const reading = [child.stdout, child.stderr].map(async (stream) => {
      for await (const line of createInterface({ input: stream })) {
        writeSync(file, `${line}\n`);
        tail.push(line);
        tail.splice(0, tail.length - TAIL_LINES);
        onLine(line);
      }
    });
    [ending] = await Promise.all([exit(child, command), ...reading]);
  } finally {
    closeSync(file);
  }
  if (ending !== SUCCESS) {
    command.signal?.throwIfAborted();
    throw new ArtifactError(
      `${describe(command)} ${ending}; its last lines, all of them in ${log}:\n${tail.join("\n")}`,
    );
  }
}

/** Runs to the end and returns what it printed on standard output. */
export async function readOutput(command: Command): Promise<string> {
  const child = start(command);
  const [stdout, stderr, ending] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    exit(child, command),
  ]);
  if (ending !== SUCCESS) {
    command.signal?.throwIfAborted();
    const tail = stderr.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
    throw new ArtifactError(`${describe(command)} ${ending}: ${tail}`);
  }
  return stdout;
}

function start(command: Command) {
  command.signal?.throwIfAborted();
  return spawn(command.file, command.args, {
    cwd: command.cwd,
    env: command.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Resolves when the program ended and its output is read. */
async function exit(child: ReturnType<typeof start>, command: Command): Promise<string> {
  const interrupt = () => child.kill(command.interrupt ?? "SIGINT");
  command.signal?.addEventListener("abort", interrupt);
  try {
    return await new Promise<string>((resolve, reject) => {
      child.on("error", (cause) =>
        reject(new ArtifactError(`Cannot run ${command.file}: ${cause.message}`, { cause })),
      );
      child.on("close", (code, signal) =>
        resolve(signal === null ? `exited with ${code}` : `was ended by ${signal}`),
      );
    });
  } finally {
    command.signal?.removeEventListener("abort", interrupt);
  }
}

function describe(command: Command): string {
  return [command.file, ...command.args.slice(0, 2)].join(" ");
}

async function collect(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
