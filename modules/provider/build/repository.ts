// SPDX-License-Identifier: Apache-2.0
// Where things of this repository lie, whatever the working directory.

import { join } from "node:path";

/** Root of the repository. */
export const REPOSITORY = join(import.meta.dirname, "../../..");

/** A Go module graph. */
export function goFolder(name: string): string {
  return join(REPOSITORY, "modules/artifacts/go", name);
}

/** A file that is put into an image as it is. */
export function imageAsset(name: string): string {
  return join(REPOSITORY, "modules/artifacts/images", name);
}

/** A package as npm installed it. */
export function nodePackage(name: string): string {
  return join(REPOSITORY, "node_modules", name);
}

/** The pinned Node on this workstation. */
export function pinnedNode(): string {
  return join(nodePackage(`node-linux-${process.arch}`), "bin/node");
}
