// SPDX-License-Identifier: Apache-2.0
// What is asked for: names of artefacts, checked before anything starts, and how to obtain them.

import type { Architecture } from "../../artifacts/artifact.ts";
import { type LockEntry, lockOf } from "../../artifacts/lock.ts";
import { reproducibility } from "../../artifacts/reproducibility.ts";
import { type ArtifactName, artifacts, isArtifactName } from "../../artifacts/table.ts";
import { RUNTIME_FOLDER } from "../../artifacts/version.ts";
import { ArtifactError } from "./artifact-error.ts";
import { hostArchitecture } from "./host.ts";
import { recipeDigest } from "./recipe-digest.ts";

/** How artefacts are obtained. */
export interface ObtainOptions {
  readonly cacheDir: string;
  /** Default: the workstation's. */
  readonly architecture?: Architecture | undefined;
  /** Gets one line at a time: what is done, how far it is, how long it took. */
  readonly onProgress?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A release to download locked artefacts from, instead of building them. */
  readonly source?: { readonly releaseUrl: string } | undefined;
  /** Where relocated programs will lie; nodes have the default. */
  readonly runtimeFolder?: string | undefined;
}

/** Digests that artefacts must have; nothing is locked without one. */
export type BindingLock = Readonly<Record<string, LockEntry | undefined>>;

/** One artefact that is asked for. */
export interface Request {
  readonly name: ArtifactName;
  readonly architecture: Architecture;
  readonly runtimeFolder: string;
  readonly options: ObtainOptions;
  /** Names everything that its bytes follow from. */
  readonly recipe: string;
  /** What the lock says of it, whether or not it binds. */
  readonly lockEntry: LockEntry | undefined;
  /** The digest that it must have. */
  readonly locked: LockEntry | undefined;
  progress(message: string): void;
}

/** A name from outside, or an error that names it. */
export function knownName(name: string, architecture: Architecture): ArtifactName {
  if (!isArtifactName(name)) {
    throw new ArtifactError(
      `Cannot obtain artefact "${name}": there is none of that name, wanted one of ${Object.keys(artifacts).join(", ")}`,
    );
  }
  const { architectures } = artifacts[name];
  if (!architectures.includes(architecture)) {
    throw new ArtifactError(
      `Cannot obtain artefact "${name}": there is none for ${architecture}, wanted one of ${architectures.join(", ")}`,
    );
  }
  return name;
}

/** The lock that counts: programs for another folder than that of nodes are not what is locked. */
export function bindingLock(options: ObtainOptions): BindingLock {
  const isForNodes = (options.runtimeFolder ?? RUNTIME_FOLDER) === RUNTIME_FOLDER;
  return isForNodes ? lockOf(options.architecture ?? hostArchitecture()) : {};
}

/** Puts together what is known of one artefact. */
export async function requestOf(
  name: ArtifactName,
  options: ObtainOptions,
  lock: BindingLock,
): Promise<Request> {
  const architecture = options.architecture ?? hostArchitecture();
  const runtimeFolder = options.runtimeFolder ?? RUNTIME_FOLDER;
  const recipe = await recipeDigest(name, { architecture, runtimeFolder });
  const title = `${name} ${artifacts[name].version}`;
  const lockEntry = lock[name];
  return {
    name,
    architecture,
    runtimeFolder,
    options,
    recipe,
    lockEntry,
    locked: binds(name, options) ? lockEntry : undefined,
    progress: (message) => options.onProgress?.(`${title}: ${message}`),
  };
}

/** What follows our own sources is made each time: there is no cheaper way to know that it is current. */
export function isMadeAnew(name: ArtifactName): boolean {
  const { kind } = artifacts[name].recipe;
  return kind === "bundle" || kind === "notices";
}

/** With Debian packages in it, an artefact must be what the lock says only when it comes from a release. */
function binds(name: ArtifactName, options: ObtainOptions): boolean {
  const kind = reproducibility(name);
  return kind === "exact" || (kind === "as-debian" && options.source !== undefined);
}
