// SPDX-License-Identifier: Apache-2.0
// Writes lock files: for those who change a version or a recipe.

import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "../../artifacts/artifact.ts";
import type { Lock, LockEntry } from "../../artifacts/lock.ts";
import { reproducibility } from "../../artifacts/reproducibility.ts";
import { type ArtifactName, artifacts, isArtifactName } from "../../artifacts/table.ts";
import { hostArchitecture } from "./host.ts";
import { type ObtainOptions, obtainUnlocked } from "./obtain.ts";
import { REPOSITORY } from "./repository.ts";

/** Path of an architecture's lock. */
export function lockPath(architecture: Architecture): string {
  return join(REPOSITORY, `modules/artifacts/lock.${architecture}.json`);
}

/** Everything that can be locked, or what of it is named; makes what is missing. Other entries stay as they are. */
export async function writeLock(
  names: readonly ArtifactName[],
  options: ObtainOptions,
): Promise<Lock> {
  const architecture = options.architecture ?? hostArchitecture();
  const wanted = (names.length > 0 ? names : Object.keys(artifacts))
    .filter(isArtifactName)
    .filter(isLockable);
  const path = lockPath(architecture);
  const old: unknown = JSON.parse(await readFile(path, "utf8").catch(noneYet));
  const entries = new Map<string, LockEntry>(
    Object.entries(old ?? {}).filter(([name]) => isArtifactName(name) && isLockable(name)),
  );
  for (const name of wanted) {
    const { sha512, sizeBytes, recipe, debian } = await obtainUnlocked(name, options);
    entries.set(name, { sha512, sizeBytes, recipe, ...(debian === undefined ? {} : { debian }) });
  }
  const lock = Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(`${path}.new`, `${JSON.stringify(lock, undefined, 2)}\n`);
  await rename(`${path}.new`, path);
  return lock;
}

/** Only where there is no lock yet: one that cannot be read would lose its other entries. */
function noneYet(error: unknown): string {
  if (Object(error).code === "ENOENT") return "{}";
  throw error;
}

function isLockable(name: ArtifactName): boolean {
  return reproducibility(name) !== "none";
}
