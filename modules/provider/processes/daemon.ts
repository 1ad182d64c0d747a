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
const KILL_MS = 10_000;

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
  const text = await textIfThere(path);
  if (text === undefined) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...parseObject(text) };
  const identity = parseIdentity(fields["process"]);
  const ports = fields["ports"];
  if (identity === undefined || !Array.isArray(ports)) return undefined;
  return {
    process: identity,
    ports: ports.filter((port): port is number => typeof port === "number"),
    startedAtMs: Number(fields["startedAtMs"]),
  };
}

/** Undefined only where there is no such file: one that cannot be read is no reason to start a second process. */
async function textIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parseObject(text: string): object {
  try {
    return Object(JSON.parse(text));
  } catch (error) {
    // After a power cut a file can be empty or torn, and its process has not survived either.
    if (Object(error).name === "SyntaxError") return {};
    throw error;
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
  if (running !== undefined) await endProcess(running.process, graceMs);
  await rm(record, { force: true });
}

/** Ends exactly that process: asks first, then kills. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  await signalProcess(identity, "SIGTERM");
  if (await waitForEnd(identity, graceMs)) return;
  await signalProcess(identity, "SIGKILL");
  if (!(await waitForEnd(identity, KILL_MS))) {
    throw new Error(`Cannot end process ${identity.pid}: it still runs 10 s after SIGKILL`);
  }
}

async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
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
  const text = (await textIfThere(output)) ?? "";
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-3).join(" / ") || "it ended without a word";
}
