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
  } catch {
    return false;
  }
}
