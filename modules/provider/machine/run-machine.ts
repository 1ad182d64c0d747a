// SPDX-License-Identifier: Apache-2.0
// Starts and stops machines. A machine is a QEMU process with a folder; it outlives the provider.

import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { consoleLines, consoleUp } from "../../platforms/qemu/plan/console.ts";
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
import { endProcessesIn, findProcessesIn } from "../processes/in-folder.ts";
import { LineTail, sizeOf } from "../processes/tail.ts";
import { type BootRecord, readBoot, recordBoot } from "./boot-record.ts";
import { watchBoot } from "./boot-watch.ts";
import type { MachineFolder } from "./machine-folder.ts";
import { missingProgram, QEMU } from "./programs.ts";
import { pressButton } from "./qmp.ts";

export interface RunOptions {
  now(): number;
  status(text: string): void;
  warn(text: string): void;
  readonly signal: AbortSignal;
}

/** A log that is longer than this when the machine starts is put aside. */
const MAX_LOG_BYTES = 64 << 20;

const TERM_MS = 5_000;
/** How long QEMU's monitor may take to answer. */
const MONITOR_MS = 5_000;

const MACHINE_COMMAND = /qemu-system/;

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
  if ((await sizeOf(log)) > MAX_LOG_BYTES) await rename(log, `${log}.1`);
}

/** Starts QEMU and waits until the machine is up: {@link awaitMachine}. `spec` is what a later run knows it by. */
export async function bootMachine(
  machine: Machine,
  spec: string,
  folder: MachineFolder,
  options: RunOptions,
): Promise<DaemonRecord> {
  await putAside(folder.console);
  await putAside(folder.journal);
  const boot = await recordBoot(folder, spec, machine);
  const record = await startMachine(machine, folder, options.now());
  await awaitMachine(record, boot, folder, options);
  return record;
}

/**
 * Waits until a machine that was started is up. Ends it if it cannot come up; one that only takes longer than we may wait
 * goes on. Throws the cause.
 */
export async function awaitMachine(
  record: DaemonRecord,
  boot: BootRecord,
  folder: MachineFolder,
  options: RunOptions,
): Promise<void> {
  try {
    await watchBoot({
      console: new LineTail(folder.console, boot.consoleBytes),
      journal: new LineTail(folder.journal, boot.journalBytes),
      process: record.process,
      startedAtMs: record.startedAtMs,
      now: () => options.now(),
      lastWords: () => lastWords(folder.output),
      reset: () => pressButton(record.process.pid, "system_reset", MONITOR_MS),
      status: (text) => options.status(text),
      warn: (text) => options.warn(text),
      signal: options.signal,
    });
  } catch (error) {
    if (!options.signal.aborted) await stopDaemon(folder.process, TERM_MS);
    throw error;
  }
}

/** How long a guest may take to power down, at most half of the operation's time; its kubelet gives pods 45 s of it. */
const POWER_DOWN_MS = 120_000;

/**
 * Powers the machine down, by its power button, and makes sure that the process is gone, recorded or not. One that has no
 * system yet which could hear the button is ended at once. Says why it was ended if it should have powered down.
 */
export async function stopMachine(
  folder: MachineFolder,
  { timeoutSeconds }: { readonly timeoutSeconds: number },
): Promise<string | undefined> {
  const powerDownMs = Math.min(POWER_DOWN_MS, timeoutSeconds * 500);
  const running = await runningDaemon(folder.process);
  const listens = running !== undefined && (await isUp(folder));
  const clean = !listens || (await powerDown(running, powerDownMs));
  await stopDaemon(folder.process, TERM_MS);
  await endProcessesIn(folder.path, MACHINE_COMMAND, TERM_MS);
  return clean
    ? undefined
    : `it did not power down within ${powerDownMs / 1000} s, and was ended as if its power had been cut`;
}

/** Whether a machine of the folder runs of which no record says so. */
export async function hasStray(folder: MachineFolder): Promise<boolean> {
  return (await findProcessesIn(folder.path, MACHINE_COMMAND)).length > 0;
}

/** Whether the system in the machine has come so far that it sends its journal, or says on the console that it is up. */
async function isUp(folder: MachineFolder): Promise<boolean> {
  const boot = await readBoot(folder);
  if (boot === undefined || (await sizeOf(folder.journal)) > boot.journalBytes) return true;
  const console = new LineTail(folder.console, boot.consoleBytes);
  return consoleUp(consoleLines((await console.read()).join("\n")));
}

async function powerDown({ process }: DaemonRecord, timeoutMs: number): Promise<boolean> {
  const pressed = await pressButton(process.pid, "system_powerdown", MONITOR_MS).then(
    () => true,
    // A machine whose monitor does not answer is ended the hard way.
    () => false,
  );
  return pressed && (await waitForEnd(process, timeoutMs));
}
