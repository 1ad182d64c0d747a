// SPDX-License-Identifier: Apache-2.0
// What runs left that were killed between making something and recording it: folders in the stack's folder, and processes,
// that no state knows of. An `up` that wants the same goes on with them; nobody else would ever end them.

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { folderName, machineFolder } from "../machine/machine-folder.ts";
import { stopMachine } from "../machine/run-machine.ts";
import { mirrorFolder, stopMirror } from "../mirror/run-mirror.ts";
import { removeResourceFolder } from "../stack-folder.ts";
import { runningDaemon } from "./daemon.ts";
import { errorCode } from "./error-code.ts";

/** A resource that a state has. */
export interface RecordedResource {
  /** `corefly:index:Mirror`. */
  readonly type: string;
  readonly name: string;
}

/** Something in a stack's folder that the state does not have. */
export interface Unrecorded {
  readonly kind: "machine" | "mirror" | "disk";
  readonly name: string;
  readonly path: string;
  /** The process that runs it. */
  readonly pid: number | undefined;
  /** Somebody wrote to the disk. */
  readonly hasData: boolean;
}

const KINDS = [
  { kind: "machine", folder: "nodes", type: "corefly:index:QemuMachine" },
  { kind: "mirror", folder: "mirrors", type: "corefly:index:Mirror" },
  { kind: "disk", folder: "disks", type: "corefly:index:Disk" },
] as const;

/** Everything in the stack's folder that is none of these resources. */
export async function findUnrecorded(
  stackDir: string,
  recorded: readonly RecordedResource[],
): Promise<readonly Unrecorded[]> {
  const found = await Promise.all(
    KINDS.map(async ({ kind, folder, type }) => {
      const known = recorded
        .filter((each) => each.type === type)
        .map(({ name }) => folderName(name));
      const names = (await entries(join(stackDir, folder))).filter((name) => !known.includes(name));
      return Promise.all(names.map((name) => look(kind, name, join(stackDir, folder, name))));
    }),
  );
  return found.flat();
}

async function look(kind: Unrecorded["kind"], name: string, path: string): Promise<Unrecorded> {
  const running = kind === "disk" ? undefined : await runningDaemon(join(path, "process.json"));
  const hasData = kind === "disk" && (await hasBlocks(path));
  return { kind, name: decodeURIComponent(name), path, pid: running?.process.pid, hasData };
}

const TIMEOUT_SECONDS = 60;

/** Ends its process and removes its files. Idempotent. */
export async function removeUnrecorded(found: Unrecorded, stackDir: string): Promise<void> {
  if (found.kind === "machine") {
    await stopMachine(machineFolder(stackDir, found.name), { timeoutSeconds: TIMEOUT_SECONDS });
  }
  if (found.kind === "mirror") await stopMirror(mirrorFolder(found.path));
  await removeResourceFolder(found.path, { stackDir });
}

async function hasBlocks(folder: string): Promise<boolean> {
  const images = (await entries(folder)).filter((name) => name.endsWith(".img"));
  const found = await Promise.all(images.map((name) => stat(join(folder, name))));
  return found.some(({ blocks }) => blocks > 0);
}

async function entries(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
