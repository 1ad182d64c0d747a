// SPDX-License-Identifier: Apache-2.0
// The digests that are known before anything is built. `node modules/provider/build/main.ts lock` writes the files.

import type { Architecture } from "./artifact.ts";
import amd64 from "./lock.amd64.json" with { type: "json" };
import { reproducibility } from "./reproducibility.ts";
import type { ArtifactName } from "./table.ts";

/** A digest that an artefact must have. */
export interface LockedArtifact {
  readonly sha512: string;
  readonly sizeBytes: number;
}

/** A line of a lock file. */
export interface LockEntry extends LockedArtifact {
  /** Digest of the recipe that gave it: a changed recipe needs a new lock. */
  readonly recipe: string;
  /** Versions of the Debian packages in it, for what binds only with those. */
  readonly debian?: Readonly<Record<string, string>>;
}

export type Lock = Readonly<Record<string, LockEntry>>;

const LOCKS: Readonly<Partial<Record<Architecture, Lock>>> = { amd64 };

/** The whole lock of an architecture; empty where nobody has built for it. */
export function lockOf(architecture: Architecture): Lock {
  return LOCKS[architecture] ?? {};
}

/** What is known of an artefact without building it; undefined for what is not reproducible, or not locked yet. */
export function lockedArtifact(
  name: ArtifactName,
  architecture: Architecture,
): LockedArtifact | undefined {
  const entry = lockOf(architecture)[name];
  if (entry === undefined || reproducibility(name) !== "exact") {
    return undefined;
  }
  return { sha512: entry.sha512, sizeBytes: entry.sizeBytes };
}
