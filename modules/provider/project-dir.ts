// SPDX-License-Identifier: Apache-2.0
// Finds the project that a plugin works for. The engine does not say, but starts plugins in the program's folder.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The nearest folder upwards that has a Pulumi.yaml, else the folder itself. */
export function findProjectDir(from: string): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
    if (folder === dirname(folder)) return resolve(from);
  }
}
