// SPDX-License-Identifier: Apache-2.0
// Which process is ours, over time: pids come round again, so the start time and the boot belong to the name.

import { readFile } from "node:fs/promises";
import { errorCode } from "./error-code.ts";

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after the boot. */
  readonly startTicks: string;
  readonly bootId: string;
}

/** The identity of a process that runs now; undefined if there is none with this pid, or it only waits to be reaped. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(ifEnded);
  if (stat === undefined) return undefined;
  // The command in parentheses may have spaces and parentheses of its own: proc(5).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  const startTicks = fields[19];
  if (startTicks === undefined || state === "Z" || state === "X") return undefined;
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  return { pid, startTicks, bootId };
}

/** Any other failure says nothing about the process: taken for its end, it would be started a second time. */
function ifEnded(error: unknown): undefined {
  if (["ENOENT", "ESRCH"].includes(errorCode(error) ?? "")) return undefined;
  throw error;
}

/** Whether that very process still runs. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const found = await identify(identity.pid);
  return found?.startTicks === identity.startTicks && found.bootId === identity.bootId;
}

/** Reads an identity back from JSON; undefined for anything else. */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const { pid, startTicks, bootId } = {
    pid: fields["pid"],
    startTicks: fields["startTicks"],
    bootId: fields["bootId"],
  };
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 2) return undefined;
  if (typeof startTicks !== "string" || typeof bootId !== "string") return undefined;
  return { pid, startTicks, bootId };
}
