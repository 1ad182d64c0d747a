// SPDX-License-Identifier: Apache-2.0
// Starts and stops machines. A machine is a QEMU process with a folder; it outlives the provider.

import { chmod, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { type Machine, qemuArguments } from "../../platforms/qemu/plan/machine.ts";
import {
  type DaemonRecord,
  lastWords,
  runningDaemon,
  startDaemon,
  stopDaemon,
  waitForEnd,
} from "../processes/daemon.ts";
import { errorCode } from "../processes/error-code.ts";
import { LineTail } from "../processes/tail.ts";
import { watchBoot } from "./boot-watch.ts";
import type { MachineFolder } from "./machine-folder.ts";
import { missingProgram, QEMU } from "./programs.ts";
import { pressPowerButton } from "./qmp.ts";

export interface RunOptions {
  readonly now: number;
  readonly status: (text: string) => void;
  readonly signal: AbortSignal;
}

/** A log that is longer than this when the machine starts is put aside. */
const MAX_LOG_BYTES = 64 << 20;

/** How long a guest may take to power down before its process is ended. */
const POWER_DOWN_MS = 30_000;
const TERM_MS = 5_000;

/** An empty folder that only root reads: the Ignition config has keys in it. */
export async function prepareFolder(folder: MachineFolder, ignition: string): Promise<void> {
  await mkdir(folder.path, { recursive: true });
  await chmod(folder.path, 0o700);
  await rm(folder.ignition, { force: true });
  await writeFile(folder.ignition, ignition, { mode: 0o600 });
}

/** Starts QEMU. The machine is not up yet. */
async function startMachine(
  machine: Machine,
  folder: MachineFolder,
  now: number,
): Promise<DaemonRecord> {
  await rm(folder.output, { force: true });
  return startDaemon(
    {
      file: QEMU,
      args: qemuArguments(machine),
      cwd: folder.path,
      env: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin" },
      output: folder.output,
      record: folder.process,
    },
    machine.ports.map(({ host }) => host),
    now,
  ).catch((error: unknown) => {
    const missing = error instanceof Error && errorCode(error.cause) === "ENOENT";
    throw missing ? new Error(missingProgram(QEMU), { cause: error }) : error;
  });
}

/** One old log is kept. */
async function putAside(log: string): Promise<void> {
  const size = await stat(log).then(
    (found) => found.size,
    () => 0,
  );
  if (size > MAX_LOG_BYTES) await rename(log, `${log}.1`);
}

/** Starts QEMU and waits until the machine is up. Ends it if it does not come up; throws the cause. */
export async function bootMachine(
  machine: Machine,
  folder: MachineFolder,
  options: RunOptions,
): Promise<DaemonRecord> {
  await putAside(folder.console);
  await putAside(folder.journal);
  const tails = {
    console: await LineTail.fromEnd(folder.console),
    journal: await LineTail.fromEnd(folder.journal),
  };
  const record = await startMachine(machine, folder, options.now);
  try {
    await watchBoot({
      ...tails,
      process: record.process,
      lastWords: () => lastWords(folder.output),
      status: options.status,
      signal: options.signal,
    });
    return record;
  } catch (error) {
    await stopDaemon(folder.process, TERM_MS);
    throw error;
  }
}

/** Powers the machine down, by its power button if it listens, and makes sure that the process is gone. */
export async function stopMachine(folder: MachineFolder): Promise<void> {
  const running = await runningDaemon(folder.process);
  if (running !== undefined) {
    const pressed = await pressPowerButton(running.process.pid, 5_000).then(
      () => true,
      // A machine whose monitor does not answer is ended the hard way below.
      () => false,
    );
    if (pressed) await waitForEnd(running.process, POWER_DOWN_MS);
  }
  await stopDaemon(folder.process, TERM_MS);
}
