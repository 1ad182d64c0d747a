// SPDX-License-Identifier: Apache-2.0
// What a run left that was killed between starting something and recording it: no state knows of it, so nobody else would
// ever end it.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { folderName, machineFolder } from "../machine/machine-folder.ts";
import { removeResourceFolder } from "../stack-folder.ts";
import { stopDaemon } from "./daemon.ts";

const GRACE_MS = 5_000;

/**
 * Ends the machine or the mirror of this name in a stack's folder, and removes its files. Only for a resource that was
 * being made: nothing of it is worth keeping. Idempotent.
 */
export async function removeUnrecorded(stackDir: string, name: string): Promise<void> {
  const folders = [machineFolder(stackDir, name).path, join(stackDir, "mirrors", folderName(name))];
  for (const path of folders) {
    if ((await stat(path).catch(() => undefined)) === undefined) continue;
    await stopDaemon(join(path, "process.json"), GRACE_MS);
    await removeResourceFolder(path, { stackDir });
  }
}
