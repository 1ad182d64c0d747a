// SPDX-License-Identifier: Apache-2.0
// Finds out whether a stack is locked by a run that is alive, or by one that was killed: Pulumi's file backend has a
// JSON file for each lock, and never removes those of the dead.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import type { Workspace } from "./workspace.ts";

export interface StackLock {
  readonly pid: number;
  readonly since: string;
  readonly isAlive: boolean;
}

/** The locks of a stack; normally none or one. */
export function stackLocks(workspace: Workspace, stack: string): readonly StackLock[] {
  const folder = join(workspace.backendDir, ".pulumi/locks/organization", workspace.project, stack);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => readLock(join(folder, name)));
}

// The state folder belongs to this workstation, so a lock of another host name is one from before its renaming.
function readLock(path: string): StackLock {
  const content: unknown = parseJson(readFileSync(path, "utf8"));
  const pid =
    typeof content === "object" && content !== null && "pid" in content ? Number(content.pid) : 0;
  const written = statSync(path).mtimeMs;
  return {
    pid,
    since: new Date(written).toISOString(),
    isAlive: written > Date.now() - uptime() * 1000 && isPulumi(pid),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Killed while it wrote: nobody holds such a lock.
    return undefined;
  }
}

// A process number may belong to somebody else by now; a zombie does nothing any more.
function isPulumi(pid: number): boolean {
  try {
    // proc_pid_stat(5): "PID (NAME) STATE …"; the name may have parentheses, ours has not.
    const [, name, state] =
      /^\d+ \((.*)\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return name === "pulumi" && state !== "Z" && state !== "X";
  } catch {
    return false;
  }
}
