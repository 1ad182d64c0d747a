// SPDX-License-Identifier: Apache-2.0
// Makes artefacts be there: out of the cache, out of a release, or built. For the provider, for people (main.ts) and for
// the engine, which needs the Pulumi CLI.

import type { LockedArtifact } from "../../artifacts/lock.ts";
import { type ArtifactName, artifacts } from "../../artifacts/table.ts";
import { ArtifactError } from "./artifact-error.ts";
import type { ObtainedArtifact } from "./builder.ts";
import { servesVersions } from "./debian-packages.ts";
import { hostArchitecture } from "./host.ts";
import { find, make } from "./make.ts";
import {
  type BindingLock,
  bindingLock,
  isMadeAnew,
  knownName,
  type ObtainOptions,
  type Request,
  requestOf,
} from "./request.ts";

export type { ObtainedArtifact } from "./builder.ts";
export type { ObtainOptions } from "./request.ts";

/**
 * Artefacts by name, each a file in the cache that is not written again. Nothing is built twice, by whomever; an
 * interrupted build goes on where it was. Throws ArtifactError with a message for the user.
 */
export async function obtainArtifacts(
  names: readonly string[],
  options: ObtainOptions,
): Promise<Readonly<Record<string, ObtainedArtifact>>> {
  const obtained: Record<string, ObtainedArtifact> = {};
  for (const name of knownNames(names, options)) {
    obtained[name] = await obtain(name, options, bindingLock(options));
  }
  return obtained;
}

/**
 * What is known of artefacts without building them, for previews: from the lock or the cache. Undefined for what only a
 * build can tell. The runtime is an exception: it is bundled, which takes a moment.
 */
export async function knownArtifacts(
  names: readonly string[],
  options: ObtainOptions,
): Promise<Readonly<Record<string, LockedArtifact | undefined>>> {
  const known: Record<string, LockedArtifact | undefined> = {};
  for (const name of knownNames(names, options)) {
    const request = await requestOf(name, options, bindingLock(options));
    const found = isMadeAnew(name)
      ? await obtain(name, options, {})
      : await explained(request, () => foresee(request));
    known[name] = found && { sha512: found.sha512, sizeBytes: found.sizeBytes };
  }
  return known;
}

/** As `obtainArtifacts`, but whatever the lock says: for a new lock. The recipe is that of the lock entry. */
export async function obtainUnlocked(
  name: ArtifactName,
  options: ObtainOptions,
): Promise<ObtainedArtifact & { readonly recipe: string }> {
  const { recipe } = await requestOf(name, options, {});
  return { ...(await obtain(name, options, {})), recipe };
}

function knownNames(names: readonly string[], options: ObtainOptions): readonly ArtifactName[] {
  const architecture = options.architecture ?? hostArchitecture();
  return [...new Set(names)].map((name) => knownName(name, architecture));
}

async function obtain(
  name: ArtifactName,
  options: ObtainOptions,
  lock: BindingLock,
): Promise<ObtainedArtifact> {
  const request = await requestOf(name, options, lock);
  const ingredient = (each: ArtifactName) => obtain(each, options, lock);
  return explained(request, async () => (await find(request)) ?? (await make(request, ingredient)));
}

/** Out of the cache; else what it must be, or will be as long as Debian serves what it served for the lock. */
async function foresee(request: Request): Promise<LockedArtifact | undefined> {
  const found = await find(request);
  const { lockEntry, recipe, architecture, options } = request;
  if (found !== undefined || request.locked !== undefined || lockEntry?.debian === undefined) {
    return found ?? request.locked;
  }
  const isCurrent = lockEntry.recipe === recipe && architecture === hostArchitecture();
  return isCurrent && (await servesVersions(lockEntry.debian, options.signal))
    ? lockEntry
    : undefined;
}

/** Names the artefact in the error; that of an ingredient names that one, and says enough. */
async function explained<T>(request: Request, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { name, architecture, options } = request;
    options.signal?.throwIfAborted();
    const reason = reasonOf(cause);
    if (reason === undefined || reason.startsWith("Cannot obtain")) throw cause;
    const title = `"${name}" ${artifacts[name].version} for ${architecture}`;
    throw new ArtifactError(`Cannot obtain artefact ${title}: ${reason}`, { cause });
  }
}

/**
 * What the user may change: a builder's own error, or one of the system, a full disk or a missing permission. All others
 * are bugs.
 */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof ArtifactError) return error.message;
  // By its shape: errors of other realms count.
  const { syscall, message } = Object(error);
  return typeof syscall === "string" ? String(message) : undefined;
}
