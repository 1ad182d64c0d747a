// SPDX-License-Identifier: Apache-2.0
// Keeps a stack's folder tidy: when its last resource is deleted, nothing is left of it.

import { rm, rmdir } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import type { ResourceContext } from "./handler.ts";

/** Removes a resource's folder, and those above it that are empty then, the stack's included. Idempotent. */
export async function removeResourceFolder(
  path: string,
  { stackDir }: Pick<ResourceContext, "stackDir">,
): Promise<void> {
  await rm(path, { recursive: true, force: true });
  for (let folder = dirname(path); isWithin(stackDir, folder); folder = dirname(folder)) {
    const removed = await rmdir(folder).then(
      () => true,
      // Others have something in it, or it is gone with another resource.
      (error: NodeJS.ErrnoException) => error.code === "ENOENT",
    );
    if (!removed) return;
  }
}

function isWithin(folder: string, path: string): boolean {
  return !relative(folder, path).split(sep).includes("..");
}
