// SPDX-License-Identifier: Apache-2.0
// Starts and stops the mirror's process.

import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type DaemonRecord,
  lastWords,
  runningDaemon,
  startDaemon,
  stopDaemon,
} from "../processes/daemon.ts";
import { isAlive } from "../processes/identity.ts";
import { endProcessesIn, findProcessesIn } from "../processes/in-folder.ts";
import { type MirrorConfig, renderConfig } from "./config.ts";
import { MIRROR_HEADER } from "./server.ts";

/** Where a mirror lives on the workstation. */
export interface MirrorFolder {
  readonly path: string;
  readonly config: string;
  readonly log: string;
  readonly process: string;
}

const POLL_MS = 50;
const START_MS = 20_000;
const TERM_MS = 3_000;
const MIRROR_COMMAND = /mirror\/serve\.ts/;

export function mirrorFolder(path: string): MirrorFolder {
  return {
    path,
    config: join(path, "config.json"),
    log: join(path, "requests.log"),
    process: join(path, "process.json"),
  };
}

/** Starts the mirror in place of one that may run, and waits until it answers. */
export async function startMirror(
  config: MirrorConfig,
  folder: MirrorFolder,
  now: number,
  signal: AbortSignal,
): Promise<DaemonRecord> {
  await stopMirror(folder);
  await mkdir(folder.path, { recursive: true });
  await writeFile(folder.config, renderConfig(config));
  await chmod(folder.config, 0o600);
  const record = await startDaemon(
    {
      file: process.execPath,
      args: [
        "--disable-warning=ExperimentalWarning",
        join(import.meta.dirname, "serve.ts"),
        folder.config,
      ],
      cwd: folder.path,
      env: {},
      output: folder.log,
      record: folder.process,
    },
    [config.port],
    now,
  );
  try {
    await untilAnswers(record, config.port, folder, signal);
  } catch (error) {
    await stopMirror(folder);
    throw error;
  }
  return record;
}

/** Ends exactly the mirror of this folder. */
export async function stopMirror(folder: MirrorFolder): Promise<void> {
  await stopDaemon(folder.process, TERM_MS);
  await endProcessesIn(folder.path, MIRROR_COMMAND, TERM_MS);
}

/** Whether a mirror of the folder runs of which no record says so: somebody removed it, or its starter was killed. */
export async function hasStrayMirror(folder: MirrorFolder): Promise<boolean> {
  return (await findProcessesIn(folder.path, MIRROR_COMMAND)).length > 0;
}

/** The mirror's record if its process runs. */
export function runningMirror(folder: MirrorFolder): Promise<DaemonRecord | undefined> {
  return runningDaemon(folder.process);
}

async function untilAnswers(
  record: DaemonRecord,
  port: number,
  folder: MirrorFolder,
  signal: AbortSignal,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_MS; waitedMs += POLL_MS) {
    signal.throwIfAborted();
    if (!(await isAlive(record.process))) {
      throw new Error(`Cannot start the mirror: ${await lastWords(folder.log)}`);
    }
    if (await answers(port)) return;
    await sleep(POLL_MS, undefined, { signal });
  }
  throw new Error(`Cannot start the mirror: it did not answer for ${START_MS / 1000} s`);
}

async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/v2/`, {
      method: "HEAD",
      signal: AbortSignal.timeout(2_000),
    });
    return response.headers.get("server") === MIRROR_HEADER;
  } catch (error) {
    // What fetch throws while nobody listens, or answers too late, or something else than HTTP; the next look comes soon.
    if (["TypeError", "TimeoutError"].includes(Object(error).name)) return false;
    throw error;
  }
}
