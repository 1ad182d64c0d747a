// SPDX-License-Identifier: Apache-2.0
// Whether a process that was written down is still that process: pids are used again, {boot, pid, start time} is not.
import type { System } from "../system/system.ts";
import type { ProcessIdentity } from "./sandbox-record.ts";

export function bootId(system: System): string {
  return system.files.readTextSync("/proc/sys/kernel/random/boot_id").trim();
}

/** The identity of a living process; undefined when there is none, or only its zombie. */
export function identify(system: System, pid: number): ProcessIdentity | undefined {
  const startTime = readStartTime(system, pid);
  return startTime === undefined ? undefined : { bootId: bootId(system), pid, startTime };
}

export function isSameProcess(system: System, identity: ProcessIdentity): boolean {
  return (
    identity.bootId === bootId(system) && readStartTime(system, identity.pid) === identity.startTime
  );
}

/** undefined when there is no such process, or only its zombie. */
export function parentOf(system: System, pid: number): number | undefined {
  const parent = readFields(system, pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Field 22. */
function readStartTime(system: System, pid: number): string | undefined {
  return readFields(system, pid)?.[19];
}

/** proc(5) `/proc/<pid>/stat` from its third field; the name before it, in parentheses, may hold anything. */
function readFields(system: System, pid: number): readonly string[] | undefined {
  let text: string;
  try {
    text = system.files.readTextSync(`/proc/${pid}/stat`);
  } catch {
    // ENOENT, or ESRCH when it ends while we read
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields;
}
