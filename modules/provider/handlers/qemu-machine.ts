// SPDX-License-Identifier: Apache-2.0
// QemuMachine: a virtual machine on the workstation. Ignition runs once in its life: another config or image needs a new
// machine; memory, processors, disks and ports a restart; and one that died is started again with its disk as it was.

import { rm, stat } from "node:fs/promises";
import type { Machine, MachineBoot, PortForward } from "../../platforms/qemu/plan/machine.ts";
import { serialOfDisk } from "../../platforms/qemu/plan/machine.ts";
import { withChanges } from "../diff.ts";
import { PartialCreateError, type ResourceContext, type ResourceHandler } from "../handler.ts";
import { findAccelerator } from "../machine/accelerator.ts";
import { type BootRecord, diskIdentity, readBoot, specDigest } from "../machine/boot-record.ts";
import { BootError } from "../machine/boot-watch.ts";
import { installImage, type MachineImage } from "../machine/image.ts";
import { diffMachine, listed } from "../machine/machine-diff.ts";
import { type MachineFolder, machineFolder } from "../machine/machine-folder.ts";
import {
  awaitMachine,
  bootMachine,
  hasStray,
  prepareFolder,
  stopMachine,
} from "../machine/run-machine.ts";
import { type DaemonRecord, runningDaemon } from "../processes/daemon.ts";
import { errorCode } from "../processes/error-code.ts";
import { hasUnknown, isMap, type PropertyValues } from "../property-value.ts";
import { listOf, mapOf, numberOf, optionalText, textOf, textsOf } from "../read-values.ts";
import { removeResourceFolder } from "../stack-folder.ts";
import { checkMachine } from "./qemu-machine-check.ts";
import { schema } from "./qemu-machine-schema.ts";

export const qemuMachine: ResourceHandler = {
  type: "corefly:index:QemuMachine",
  schema,
  timeoutSeconds: 1200,
  // Processes die, and somebody removes a folder.
  refreshBeforeUpdate: true,

  async check(_olds, news, context) {
    return { inputs: news, failures: await checkMachine(news, context) };
  },

  async diff(olds, news, context) {
    const folder = folderOf(context);
    const { diff, reasons } = diffMachine(olds, news, schema, await otherDisks(news, folder));
    if (diff.replaces.length > 0) {
      context.info(`New machine "${context.name}", because of ${listed(reasons)}`);
      return diff;
    }
    if (olds["configured"] !== true) return withChanges(diff, { configured: "update" });
    const running = await runningDaemon(folder.process);
    if (running === undefined) return withChanges(diff, { running: "update" });
    // A change that was killed before it was recorded, and is not wanted any more.
    const boot = hasUnknown(news) ? undefined : await readBoot(folder);
    const isOther = boot !== undefined && boot.spec !== specOf(news);
    if (!diff.changes && isOther) return withChanges(diff, { startedAt: "update" });
    if (diff.changes) {
      const names = listed(Object.keys(diff.detailed));
      context.info(`Machine "${context.name}" is restarted, because of ${names}`);
    }
    return diff;
  },

  async plan(_olds, _news, context) {
    return paths(folderOf(context));
  },

  async create(inputs, context) {
    return { id: context.name, outputs: await makeMachine(inputs, context) };
  },

  async read(id, olds, context) {
    const folder = folderOf(context);
    const there = await isThere(folder.path);
    // Without its folder it is gone, unless its process is still to be ended by whoever makes or deletes it.
    if (!there && !(await hasStray(folder))) return undefined;
    const record = await runningDaemon(folder.process);
    const configured = there && olds["configured"] === true;
    const names = Object.keys(schema.inputs);
    return {
      id,
      inputs: Object.fromEntries(Object.entries(olds).filter(([name]) => names.includes(name))),
      outputs: {
        ...olds,
        ...(record === undefined ? STOPPED : runningOutputs(record)),
        configured,
      },
    };
  },

  async update(_id, olds, news, context) {
    if (olds["configured"] !== true) return makeMachine(news, context);
    const folder = folderOf(context);
    const started = await startedMachine(news, folder);
    // It runs, but an earlier run did not wait for it long enough.
    if (started !== undefined) return waitUntilUp(started, true, folder, context);
    await powerDown(folder, context);
    return start(news, readBootKind(olds), true, context);
  },

  async delete(_id, _olds, context) {
    const folder = folderOf(context);
    await powerDown(folder, context);
    await removeResourceFolder(folder.path, context);
  },
};

/** A machine that was never up: the one that an earlier run started if it is what is wanted, else one from nothing. */
async function makeMachine(
  inputs: PropertyValues,
  context: ResourceContext,
): Promise<PropertyValues> {
  const folder = folderOf(context);
  const started = await startedMachine(inputs, folder);
  if (started !== undefined) {
    const { pid } = started.record.process;
    context.info(`Goes on with the machine that an earlier run started, process ${pid}`);
    return waitUntilUp(started, false, folder, context);
  }
  await removeLeftovers(folder, context);
  await prepareFolder(folder, textOf(inputs, "ignition"));
  const boot = await installImage(readImage(inputs), folder.path, {
    cacheDir: context.cacheDir,
    signal: context.signal,
    onProgress: (message) => context.status(message),
  }).catch(async (error: unknown) => {
    await rm(folder.path, { recursive: true, force: true });
    throw error;
  });
  return start(inputs, boot, false, context);
}

/** What an earlier run left that is not what is wanted. */
async function removeLeftovers(folder: MachineFolder, context: ResourceContext): Promise<void> {
  const running = await runningDaemon(folder.process);
  if (running !== undefined) {
    context.info(`Ends what an earlier run started otherwise, process ${running.process.pid}`);
  }
  await stopMachine(folder, context);
  await rm(folder.path, { recursive: true, force: true });
}

/** Disks outlive the machine: what writes to them gets its time to end. */
async function powerDown(folder: MachineFolder, context: ResourceContext): Promise<void> {
  context.status("Powering down");
  const problem = await stopMachine(folder, context);
  if (problem !== undefined) context.warn(`Machine "${context.name}" is off, but ${problem}`);
}

interface StartedMachine {
  readonly record: DaemonRecord;
  readonly boot: BootRecord;
}

/** The machine that runs in the folder, if it was started with exactly these arguments. */
async function startedMachine(
  inputs: PropertyValues,
  folder: MachineFolder,
): Promise<StartedMachine | undefined> {
  const record = await runningDaemon(folder.process);
  const boot = await readBoot(folder);
  return record !== undefined && boot?.spec === specOf(inputs) ? { record, boot } : undefined;
}

function specOf(inputs: PropertyValues): string {
  const { contents: _onlyShown, ...others } = inputs;
  return specDigest(others);
}

/** Boots a machine; `configured`: Ignition has run in it before, so it keeps its disk if it does not come up. */
async function start(
  inputs: PropertyValues,
  boot: MachineBoot,
  configured: boolean,
  context: ResourceContext,
): Promise<PropertyValues> {
  const folder = folderOf(context);
  const accelerator = await findAccelerator(context.signal);
  context.status(`Power-on with ${accelerator === "kvm" ? "KVM" : "emulation (no usable KVM)"}`);
  const machine: Machine = {
    name: context.name,
    accelerator,
    boot,
    cpus: numberOf(inputs, "cpus"),
    memoryMiB: numberOf(inputs, "memoryMiB"),
    disks: textsOf(inputs, "disks").map((path) => ({ path, serial: serialOfDisk(path) })),
    ports: readPorts(inputs),
  };
  const known = { ...knownOutputs({ accelerator, boot }, folder), configured };
  return orPartial(
    bootMachine(machine, specOf(inputs), folder, context).then((record) => ({
      ...known,
      ...runningOutputs(record),
      configured: true,
    })),
    known,
    folder,
    context,
  );
}

/** Waits for a machine that was started by an earlier run. */
async function waitUntilUp(
  { record, boot }: StartedMachine,
  configured: boolean,
  folder: MachineFolder,
  context: ResourceContext,
): Promise<PropertyValues> {
  const known = { ...knownOutputs(boot, folder), configured };
  const outputs = { ...known, ...runningOutputs(record), configured: true };
  return orPartial(
    awaitMachine(record, boot, folder, context).then(() => outputs),
    known,
    folder,
    context,
  );
}

/** What is there of a machine that did not come up is recorded; one that still may goes on. */
async function orPartial(
  up: Promise<PropertyValues>,
  known: PropertyValues,
  folder: MachineFolder,
  context: ResourceContext,
): Promise<PropertyValues> {
  try {
    return await up;
  } catch (cause) {
    const details = cause instanceof BootError ? cause.details : [];
    for (const line of details) context.info(line);
    const record = await runningDaemon(folder.process);
    const reason = cause instanceof Error ? cause.message : String(cause);
    const next = record === undefined ? "" : "; it goes on, and the next `up` waits for it";
    throw new PartialCreateError(
      context.name,
      { ...known, ...(record === undefined ? STOPPED : runningOutputs(record)) },
      `Cannot boot machine "${context.name}": ${reason}${next} (its console: ${folder.console})`,
      { cause },
    );
  }
}

/** Places in `disks` of those that are not there, or are not those that the machine got: Ignition made their filesystems. */
async function otherDisks(news: PropertyValues, folder: MachineFolder): Promise<readonly number[]> {
  const boot = await readBoot(folder);
  const others = await Promise.all(
    listOf(news, "disks").map(async (path, index) => {
      if (typeof path !== "string" || boot === undefined) return [];
      const identity = await diskIdentity(path);
      const known = boot.disks[path];
      const other = known !== undefined && identity !== undefined && known !== identity;
      return other || !(await isThere(path)) ? [index] : [];
    }),
  );
  return others.flat();
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

function folderOf(context: ResourceContext): MachineFolder {
  return machineFolder(context.stackDir, context.name);
}

function paths(folder: MachineFolder): PropertyValues {
  return { consolePath: folder.console, journalPath: folder.journal };
}

function knownOutputs(
  { accelerator, boot }: Pick<BootRecord, "accelerator" | "boot">,
  folder: MachineFolder,
): PropertyValues {
  const rootLabel = boot.kind === "kernel" ? boot.rootLabel : "";
  return { ...paths(folder), accelerator, boot: boot.kind, rootLabel };
}

const STOPPED: PropertyValues = { pid: 0, startedAt: "", running: false };

function runningOutputs(record: DaemonRecord): PropertyValues {
  return {
    pid: record.process.pid,
    startedAt: new Date(record.startedAtMs).toISOString(),
    running: true,
  };
}

function readBootKind(olds: PropertyValues): MachineBoot {
  return textOf(olds, "boot") === "disk"
    ? { kind: "disk" }
    : { kind: "kernel", rootLabel: textOf(olds, "rootLabel") };
}

function readImage(inputs: PropertyValues): MachineImage {
  const image = mapOf(inputs, "image");
  const recipe = optionalText(image, "lab");
  return recipe === undefined
    ? { kind: "disk", sha512: textOf(image, "sha512") }
    : { kind: "lab", recipe };
}

function readPorts(inputs: PropertyValues): readonly PortForward[] {
  return listOf(inputs, "ports").flatMap((port) =>
    isMap(port) ? [{ host: numberOf(port, "host"), guest: numberOf(port, "guest") }] : [],
  );
}
