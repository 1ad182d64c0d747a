// SPDX-License-Identifier: Apache-2.0
// Ends what a process has started: children, their children, and what has gone to the background but stayed in a session of
// theirs.

import { isMissing } from "../../system/files.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** One letter of proc(5); Z and X have ended. */
  readonly state: string;
}

/** New processes may appear while we kill: look again, but not for ever. */
const ROUNDS = 20;

/**
 * The living processes of the trees below `roots`, with the roots themselves. A session belongs to the tree when a member is
 * in it, even if its leader has ended: crun's exec makes the session in a process that does not stay.
 */
export function treeOf(
  roots: ReadonlySet<number>,
  processes: readonly ProcessStat[],
): readonly ProcessStat[] {
  const pids = new Set(roots);
  const sessions = new Set<number>();
  for (let before = -1; before !== pids.size; ) {
    before = pids.size;
    for (const { pid, parent, session } of processes) {
      if (pids.has(pid) || pids.has(parent) || (session !== 0 && sessions.has(session))) {
        pids.add(pid);
        sessions.add(session);
      }
    }
  }
  return processes.filter(({ pid, state }) => pids.has(pid) && state !== "Z" && state !== "X");
}

/**
 * Kills the tree. `root` must lead a session of its own, or everything in its session goes too. A daemon that made itself a
 * new session and lost its parent before we looked escapes.
 */
export function killProcessTree(system: System, root: number): void {
  killRounds(system, root, () => true);
}

/**
 * As {@link killProcessTree}, but `root` lives on, to take the statuses of its children: they would stay as zombies where the
 * machine's first process takes none. Answers whether it had any.
 */
export function killBelow(system: System, root: number): boolean {
  return killRounds(system, root, (pid) => pid !== root);
}

function killRounds(system: System, root: number, isMeant: (pid: number) => boolean): boolean {
  // Members found once stay roots: their orphans have no other link to us.
  const roots = new Set([root]);
  for (let round = 0; round < ROUNDS; round++) {
    const alive = treeOf(roots, readProcesses(system)).filter(({ pid }) => isMeant(pid));
    if (alive.length === 0) {
      break;
    }
    for (const { pid } of alive) {
      roots.add(pid);
      killNow(system, pid);
    }
  }
  return roots.size > 1;
}

/** SIGKILL; fine when the process has ended. */
export function killNow(system: System, pid: number): void {
  try {
    system.kernel.kill(pid, "SIGKILL");
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") {
      throw error;
    }
  }
}

/** Reads /proc/<pid>/stat of all processes. */
export function readProcesses(system: System): readonly ProcessStat[] {
  return system.files
    .listNamesSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return parseStat(system.files.readTextSync(`/proc/${name}/stat`));
      } catch (error) {
        if (isMissing(error) || errnoOf(error) === "ESRCH") {
          return []; // ended meanwhile
        }
        throw error;
      }
    });
}

/** One line of /proc/<pid>/stat; the program's name, in parentheses, may contain anything. */
export function parseStat(line: string): readonly ProcessStat[] {
  const end = line.lastIndexOf(")");
  const [state = "", parent = "", , session = ""] = line.slice(end + 2).split(" ");
  const pid = Number.parseInt(line, 10);
  return end < 0 || Number.isNaN(pid)
    ? []
    : [{ pid, state, parent: Number(parent), session: Number(session) }];
}
