// SPDX-License-Identifier: Apache-2.0
// Processes that outlive the provider: a mirror, a machine. Each has a record file that says which process it is.

import { spawn } from "node:child_process";
import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "./error-code.ts";
import { identify, isAlive, type ProcessIdentity, parseIdentity } from "./identity.ts";

export interface DaemonCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What it says is appended here. */
  readonly output: string;
  /** Where to remember which process it is. */
  readonly record: string;
}

/** What is remembered of a daemon. */
export interface DaemonRecord {
  readonly process: ProcessIdentity;
  /** Ports of the loopback that it listens on. */
  readonly ports: readonly number[];
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
}

const POLL_MS = 50;

/**
 * Starts a process in a session of its own. A caller that is killed right here leaves a process without a record, which
 * is why the record is written at once.
 */
export async function startDaemon(
  command: DaemonCommand,
  ports: readonly number[],
  now: number,
): Promise<DaemonRecord> {
  await mkdir(dirname(command.record), { recursive: true });
  const output = await open(command.output, "a", 0o600);
  try {
    const child = spawn(command.file, [...command.args], {
      cwd: command.cwd,
      env: command.env,
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once("error", (cause) =>
        reject(new Error(`Cannot start ${command.file}: ${cause.message}`, { cause })),
      );
      child.once("spawn", () => resolve(child.pid ?? 0));
    });
    child.unref();
    const identity = await identify(pid);
    if (identity === undefined) {
      throw new Error(`Cannot start ${command.file}: ${await lastWords(command.output)}`);
    }
    const record = { process: identity, ports, startedAtMs: now };
    await writeFile(`${command.record}.part`, `${JSON.stringify(record)}\n`);
    await rename(`${command.record}.part`, command.record);
    return record;
  } finally {
    await output.close();
  }
}

/** What a record file says, whether the process still runs or not. */
export async function readRecord(path: string): Promise<DaemonRecord | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const fields: Readonly<Record<string, unknown>> = { ...(value as object) };
    const identity = parseIdentity(fields["process"]);
    const ports = fields["ports"];
    if (identity === undefined || !Array.isArray(ports)) return undefined;
    return {
      process: identity,
      ports: ports.filter((port): port is number => typeof port === "number"),
      startedAtMs: Number(fields["startedAtMs"]),
    };
  } catch {
    return undefined;
  }
}

/** The record of a daemon that runs. */
export async function runningDaemon(path: string): Promise<DaemonRecord | undefined> {
  const record = await readRecord(path);
  return record !== undefined && (await isAlive(record.process)) ? record : undefined;
}

/** Waits until the process has ended; false if it still runs then. */
export async function waitForEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += POLL_MS) {
    if (!(await isAlive(identity))) return true;
    await sleep(POLL_MS);
  }
  return !(await isAlive(identity));
}

/** Ends exactly that process: asks first, then kills. Nothing to do if it is gone. Removes the record. */
export async function stopDaemon(record: string, graceMs: number): Promise<void> {
  const running = await runningDaemon(record);
  if (running !== undefined) {
    await signalDaemon(running.process, "SIGTERM");
    if (!(await waitForEnd(running.process, graceMs))) {
      await signalDaemon(running.process, "SIGKILL");
      if (!(await waitForEnd(running.process, 10_000))) {
        throw new Error(
          `Cannot end process ${running.process.pid}: it still runs 10 s after SIGKILL`,
        );
      }
    }
  }
  await rm(record, { force: true });
}

async function signalDaemon(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  if (!(await isAlive(identity))) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    // It ended between the look and the signal.
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

/** The end of what a daemon said, in one line. */
export async function lastWords(output: string): Promise<string> {
  const text = await readFile(output, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-3).join(" / ") || "it ended without a word";
}
