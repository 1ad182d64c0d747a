// SPDX-License-Identifier: Apache-2.0
// What is remembered of a machine's start: a later run then knows whether it is the machine that it wants, goes on waiting
// for it, and sees when a disk is not the one any more that Ignition wrote to.

import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import type { Accelerator, Machine, MachineBoot } from "../../platforms/qemu/plan/machine.ts";
import { errorCode } from "../processes/error-code.ts";
import { sizeOf } from "../processes/tail.ts";
import type { MachineFolder } from "./machine-folder.ts";

export interface BootRecord {
  /** Digest of what the machine was made from: {@link specDigest}. */
  readonly spec: string;
  readonly accelerator: Accelerator;
  readonly boot: MachineBoot;
  /** How much its logs had before this start. */
  readonly consoleBytes: number;
  readonly journalBytes: number;
  /** Identity of each disk, by path, as it was when the machine got it. */
  readonly disks: Readonly<Record<string, string>>;
}

/** A digest of everything that makes a machine another one. The order of names, in which the engine sends them, is no part of it. */
export function specDigest(parts: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(parts, (_name, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? sorted(value) : value,
  );
  return createHash("sha256").update(text).digest("hex");
}

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Writes down a start that is about to happen; what a disk was at an earlier start stays. */
export async function recordBoot(
  folder: MachineFolder,
  spec: string,
  machine: Machine,
): Promise<BootRecord> {
  const before = await readBoot(folder);
  const found = await Promise.all(
    machine.disks.map(async ({ path }) => [path, await diskIdentity(path)] as const),
  );
  const named = found.flatMap(([path, identity]) =>
    identity === undefined ? [] : [[path, before?.disks[path] ?? identity] as const],
  );
  const record: BootRecord = {
    spec,
    accelerator: machine.accelerator,
    boot: machine.boot,
    consoleBytes: await sizeOf(folder.console),
    journalBytes: await sizeOf(folder.journal),
    disks: Object.fromEntries(named),
  };
  await writeFile(`${folder.boot}.part`, `${JSON.stringify(record)}\n`);
  await rename(`${folder.boot}.part`, folder.boot);
  return record;
}

/** The last start; undefined if there is none that can be read. */
export async function readBoot(folder: MachineFolder): Promise<BootRecord | undefined> {
  const text = await textIfThere(folder.boot);
  return text === undefined ? undefined : parseRecord(text);
}

/** Path of the file that tells a disk from another one of its name. */
export function identityPath(disk: string): string {
  return `${disk}.id`;
}

/** What tells a disk from another one of its name; disks that are not a resource have nothing. */
export async function diskIdentity(disk: string): Promise<string | undefined> {
  return (await textIfThere(identityPath(disk)))?.trim();
}

async function textIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parseRecord(text: string): BootRecord | undefined {
  const fields = parseFields(text);
  const { spec, accelerator } = { spec: fields["spec"], accelerator: fields["accelerator"] };
  const [consoleBytes, journalBytes] = ["consoleBytes", "journalBytes"].map((name) =>
    Number(fields[name]),
  );
  if (typeof spec !== "string" || (accelerator !== "kvm" && accelerator !== "tcg"))
    return undefined;
  const disks = Object.entries(Object(fields["disks"])).flatMap(([path, identity]) =>
    typeof identity === "string" ? [[path, identity] as const] : [],
  );
  return {
    spec,
    accelerator,
    boot: parseBoot(Object(fields["boot"])),
    consoleBytes: consoleBytes ?? 0,
    journalBytes: journalBytes ?? 0,
    disks: Object.fromEntries(disks),
  };
}

function parseBoot(fields: Readonly<Record<string, unknown>>): MachineBoot {
  const rootLabel = fields["rootLabel"];
  return typeof rootLabel === "string" ? { kind: "kernel", rootLabel } : { kind: "disk" };
}

function parseFields(text: string): Readonly<Record<string, unknown>> {
  try {
    return { ...Object(JSON.parse(text)) };
  } catch (error) {
    // Torn by a power cut of the workstation: the machine is as gone as its record.
    if (Object(error).name === "SyntaxError") return {};
    throw error;
  }
}
