// SPDX-License-Identifier: Apache-2.0
// Which processes belong to a pod started by hand, as /proc shows them: pids in files are used again, what is found here is of now.
import { isMissing } from "../system/files.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";
import type { Pod } from "./pod.ts";

/** Processes whose root is inside the pod's directory. */
export function processesInside(system: System, pod: Pod): readonly number[] {
  const inside = `${system.files.realpathSync(pod.dir)}/`;
  return processes(system).filter(
    (pid) =>
      unlessHidden(() => system.files.readlinkSync(`/proc/${pid}/root`))?.startsWith(inside) ??
      false,
  );
}

/** Processes that have the descriptor with the pod's lock, whoever took it. */
export function lockHolders(system: System, pod: Pod): readonly number[] {
  return processes(system).filter((pid) => holdsLock(system, pod, pid));
}

export function holdsLock(system: System, pod: Pod, pid: number): boolean {
  const { files } = system;
  const { dev, ino } = files.statSync(pod.dir, { bigint: true });
  const isLock = (fd: string): boolean => {
    if (!isExclusive(files.readTextSync(`/proc/${pid}/fdinfo/${fd}`), ino)) {
      return false;
    }
    const there = files.statSync(`/proc/${pid}/fd/${fd}`, { bigint: true });
    return there.ino === ino && there.dev === dev;
  };
  const fds = unlessHidden(() => files.listNamesSync(`/proc/${pid}/fdinfo`)) ?? [];
  return fds.some((fd) => unlessHidden(() => isLock(fd)) ?? false);
}

/**
 * proc(5) `/proc/<pid>/fdinfo/<fd>`: a line for each lock of this open file, as in /proc/locks. Its device is not the one that
 * stat(2) tells on every file system. Looking here first, we ask no foreign file system, which may not answer.
 */
function isExclusive(fdinfo: string, ino: bigint): boolean {
  return fdinfo
    .split("\n")
    .some(
      (line) =>
        /^lock:\s.*\bFLOCK\s+ADVISORY\s+WRITE\b/.test(line) && line.includes(`:${ino} 0 EOF`),
    );
}

function processes(system: System): readonly number[] {
  return system.files
    .listNamesSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** undefined for a process that ended meanwhile, or that is not shown to us. */
function unlessHidden<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch (cause) {
    if (isMissing(cause) || errnoOf(cause) === "EACCES" || errnoOf(cause) === "ESRCH") {
      return undefined;
    }
    throw cause;
  }
}
