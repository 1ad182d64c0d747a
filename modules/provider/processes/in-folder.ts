// SPDX-License-Identifier: Apache-2.0
// Finds processes by the folder that they work in: of a run that was killed before it wrote down which process it had started,
// and of folders that somebody removed, nothing else leads to them.

import { readdir, readFile, readlink, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { endProcess } from "./daemon.ts";
import { errorCode } from "./error-code.ts";
import { identify, type ProcessIdentity } from "./identity.ts";

/** The processes that work in `folder`, there or removed, and whose command line matches `command`. */
export async function findProcessesIn(
  folder: string,
  command: RegExp,
): Promise<readonly ProcessIdentity[]> {
  const path = await realPath(folder);
  const there = await stat(path).catch(ifGone);
  const found: ProcessIdentity[] = [];
  for (const name of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    if (!(await worksIn(name, path, there)) || !(await runs(name, command))) continue;
    const identity = await identify(Number(name));
    if (identity !== undefined) found.push(identity);
  }
  return found;
}

/** Ends the processes that {@link findProcessesIn} finds. */
export async function endProcessesIn(
  folder: string,
  command: RegExp,
  graceMs: number,
): Promise<void> {
  for (const identity of await findProcessesIn(folder, command)) {
    await endProcess(identity, graceMs);
  }
}

interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

// The kernel marks the path of a folder that was removed. Another mount namespace can have another folder of that name.
async function worksIn(
  pid: string,
  path: string,
  there: FileIdentity | undefined,
): Promise<boolean> {
  const link = `/proc/${pid}/cwd`;
  const cwd = await readlink(link).catch(ifGone);
  if (cwd === `${path} (deleted)`) return true;
  if (cwd !== path || there === undefined) return false;
  const found = await stat(link).catch(ifGone);
  return found?.dev === there.dev && found.ino === there.ino;
}

async function runs(pid: string, command: RegExp): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(ifGone);
  return line !== undefined && command.test(line.replaceAll("\0", " "));
}

/** The path without symbolic links, as far as it is there. */
async function realPath(path: string): Promise<string> {
  const found = await realpath(path).catch(ifGone);
  return found ?? join(await realPath(dirname(path)), basename(path));
}

/** Ended meanwhile, removed, or somebody else's. */
function ifGone(error: unknown): undefined {
  if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(errorCode(error) ?? "")) return undefined;
  throw error;
}
