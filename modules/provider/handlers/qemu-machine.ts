// SPDX-License-Identifier: Apache-2.0
// QemuMachine: a virtual machine on the workstation. Ignition runs once in its life: another config or image needs a new
// machine; memory, processors, disks and ports a restart; and one that died is started again with its disk as it was.

import { rm } from "node:fs/promises";
import type { Machine, MachineBoot, PortForward } from "../../platforms/qemu/plan/machine.ts";
import { MAX_SERIAL_BYTES, serialOfDisk } from "../../platforms/qemu/plan/machine.ts";
import { diffBySchema, withChanges } from "../diff.ts";
import {
  type CheckFailure,
  PartialCreateError,
  type ResourceContext,
  type ResourceHandler,
} from "../handler.ts";
import { findAccelerator } from "../machine/accelerator.ts";
import { installImage, type MachineImage } from "../machine/image.ts";
import { type MachineFolder, machineFolder } from "../machine/machine-folder.ts";
import { bootMachine, prepareFolder, stopMachine } from "../machine/run-machine.ts";
import { type DaemonRecord, runningDaemon } from "../processes/daemon.ts";
import { takenPorts } from "../processes/ports.ts";
import { isMap, type PropertyValue, type PropertyValues } from "../property-value.ts";
import { listOf, mapOf, numberOf, optionalText, textOf, textsOf } from "../read-values.ts";
import { removeResourceFolder } from "../stack-folder.ts";
import { schema } from "./qemu-machine-schema.ts";

export const qemuMachine: ResourceHandler = {
  type: "corefly:index:QemuMachine",
  schema,
  timeoutSeconds: 1200,

  async check(_olds, news, context) {
    return { inputs: news, failures: await checkMachine(news, context) };
  },

  async diff(olds, news, context) {
    const diff = diffBySchema(olds, news, schema);
    if (diff.replaces.length > 0) return diff;
    if (olds["configured"] !== true) return withChanges(diff, { configured: "update" });
    const folder = machineFolder(context.stackDir, context.name);
    const running = await runningDaemon(folder.process);
    return running === undefined ? withChanges(diff, { running: "update" }) : diff;
  },

  async plan(_olds, _news, context) {
    return paths(machineFolder(context.stackDir, context.name));
  },

  async create(inputs, context) {
    return { id: context.name, outputs: await createMachine(inputs, context) };
  },

  async read(id, olds, context) {
    const folder = machineFolder(context.stackDir, context.name);
    const running = await runningDaemon(folder.process);
    const outputs = { ...olds, running: running !== undefined, pid: running?.process.pid ?? 0 };
    const names = Object.keys(schema.inputs);
    return {
      id,
      inputs: Object.fromEntries(Object.entries(olds).filter(([name]) => names.includes(name))),
      outputs,
    };
  },

  async update(_id, olds, news, context) {
    const folder = machineFolder(context.stackDir, context.name);
    if (olds["configured"] !== true) return createMachine(news, context);
    context.status("Stopping the machine");
    await stopMachine(folder);
    const boot = readBoot(olds);
    return start(news, boot, folder, true, context);
  },

  async delete(_id, _olds, context) {
    const folder = machineFolder(context.stackDir, context.name);
    context.status("Powering down");
    await stopMachine(folder);
    await removeResourceFolder(folder.path, context);
  },
};

/** A machine from nothing; what an earlier try left is removed. */
async function createMachine(
  inputs: PropertyValues,
  context: ResourceContext,
): Promise<PropertyValues> {
  const folder = machineFolder(context.stackDir, context.name);
  await stopMachine(folder);
  await rm(folder.path, { recursive: true, force: true });
  await prepareFolder(folder, textOf(inputs, "ignition"));
  const boot = await installImage(readImage(inputs), folder.path, {
    cacheDir: context.cacheDir,
    signal: context.signal,
    onProgress: (message) => context.status(message),
  }).catch(async (error: unknown) => {
    await rm(folder.path, { recursive: true, force: true });
    throw error;
  });
  return start(inputs, boot, folder, false, context);
}

/** Boots a machine; `configured`: Ignition has run in it before, so it keeps its disk if it does not come up. */
async function start(
  inputs: PropertyValues,
  boot: MachineBoot,
  folder: MachineFolder,
  configured: boolean,
  context: ResourceContext,
): Promise<PropertyValues> {
  const accelerator = await findAccelerator(context.signal);
  const machine: Machine = {
    name: context.name,
    accelerator,
    boot,
    cpus: numberOf(inputs, "cpus"),
    memoryMiB: numberOf(inputs, "memoryMiB"),
    disks: textsOf(inputs, "disks").map((path) => ({ path, serial: serialOfDisk(path) })),
    ports: readPorts(inputs),
  };
  const known = {
    ...paths(folder),
    accelerator,
    boot: boot.kind,
    rootLabel: boot.kind === "kernel" ? boot.rootLabel : "",
  };
  context.status(`Booting with ${accelerator === "kvm" ? "KVM" : "emulation (no usable KVM)"}`);
  try {
    const record = await bootMachine(machine, folder, {
      now: context.now(),
      status: (text) => context.status(text),
      signal: context.signal,
    });
    return { ...known, ...runningOutputs(record), configured: true };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PartialCreateError(
      context.name,
      { ...known, pid: 0, startedAt: "", running: false, configured },
      `Cannot boot machine "${context.name}": ${reason} (its console: ${folder.console})`,
      { cause },
    );
  }
}

function paths(folder: MachineFolder): PropertyValues {
  return { consolePath: folder.console, journalPath: folder.journal };
}

function runningOutputs(record: DaemonRecord): PropertyValues {
  return {
    pid: record.process.pid,
    startedAt: new Date(record.startedAtMs).toISOString(),
    running: true,
  };
}

function readBoot(olds: PropertyValues): MachineBoot {
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

async function checkMachine(
  news: PropertyValues,
  context: ResourceContext,
): Promise<readonly CheckFailure[]> {
  const running = await runningDaemon(machineFolder(context.stackDir, context.name).process);
  return [
    ...checkImage(news["image"]),
    ...checkDisks(news),
    ...(await checkPorts(news, running?.ports ?? [])),
  ];
}

function checkImage(image: PropertyValue | undefined): readonly CheckFailure[] {
  if (image === undefined || !isMap(image)) return [];
  const given = ["lab", "sha512"].filter((name) => image[name] !== undefined);
  return given.length === 1
    ? []
    : [{ property: "image", reason: `Found ${given.length} images, expected lab or sha512` }];
}

function checkDisks(news: PropertyValues): readonly CheckFailure[] {
  const serials = listOf(news, "disks").map((path) =>
    typeof path === "string" ? serialOfDisk(path) : undefined,
  );
  return serials.flatMap((serial, index) => {
    if (serial === undefined) return [];
    const property = `disks[${index}]`;
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(serial) || serial.length > MAX_SERIAL_BYTES) {
      return [
        {
          property,
          reason: `Found a disk called "${serial}", expected at most ${MAX_SERIAL_BYTES} of a-z, 0-9, _ and -`,
        },
      ];
    }
    return serials.indexOf(serial) < index
      ? [{ property, reason: `Found a second disk called "${serial}", expected another label` }]
      : [];
  });
}

async function checkPorts(
  news: PropertyValues,
  own: readonly number[],
): Promise<readonly CheckFailure[]> {
  const forwards = listOf(news, "ports").map((port) => (isMap(port) ? port : {}));
  const ports = forwards.map((forward) => forward["host"]);
  const failures: CheckFailure[] = [];
  for (const [index, port] of ports.entries()) {
    if (typeof port !== "number") continue;
    const name = forwards[index]?.["name"];
    const property = typeof name === "string" ? name : `ports[${index}].host`;
    if (ports.indexOf(port) < index) {
      failures.push({ property, reason: `Found port ${port} twice, expected different ports` });
    } else if (!own.includes(port) && (await takenPorts([port])).length > 0) {
      failures.push({
        property,
        reason: `Port ${port} of 127.0.0.1 is taken by another program, expected a free one`,
      });
    }
  }
  return failures;
}
