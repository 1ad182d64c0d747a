// SPDX-License-Identifier: Apache-2.0
// Finds one artefact in the cache, or makes it: downloaded from a release, or built by the builder of its kind.

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ArtifactName, artifacts } from "../../artifacts/table.ts";
import { ArtifactError } from "./artifact-error.ts";
import { buildBundle, buildNotices } from "./build-bundle.ts";
import { buildDebian } from "./build-debian.ts";
import { buildGo } from "./build-go.ts";
import { buildImage } from "./build-image.ts";
import { buildNpm } from "./build-npm.ts";
import type { BuildContext, Built, ObtainedArtifact } from "./builder.ts";
import {
  cachePath,
  digestFile,
  findBlob,
  findBuilt,
  keepDigested,
  rememberBuilt,
} from "./cache.ts";
import { duration, megabytes } from "./duration.ts";
import { exclusively } from "./exclusive.ts";
import { downloadRelease } from "./release.ts";
import { isMadeAnew, type Request } from "./request.ts";

type Ingredient = (name: ArtifactName) => Promise<ObtainedArtifact>;

/** What is in the cache. */
export async function find(request: Request): Promise<ObtainedArtifact | undefined> {
  const { cacheDir } = request.options;
  const { name, architecture, locked, recipe } = request;
  if (locked === undefined) {
    return isMadeAnew(name) ? undefined : findBuilt(cacheDir, recipe);
  }
  if (locked.recipe !== recipe) {
    throw new ArtifactError(
      `its recipe is ${recipe}, and lock.${architecture}.json has ${locked.recipe}; after a change of the recipe run: node_modules/.bin/node modules/provider/build/main.ts lock ${name}`,
    );
  }
  const blob = await findBlob(cacheDir, locked);
  return blob && { ...blob, ...debianOf(locked) };
}

/** Makes it, unless another process just did. `ingredient` gives the artefacts that it is made of. */
export async function make(request: Request, ingredient: Ingredient): Promise<ObtainedArtifact> {
  const { cacheDir, signal } = request.options;
  const id = `${request.name}-${request.architecture}`;
  const onWait = () => request.progress("Waiting for another process that makes it");
  return exclusively(cachePath(cacheDir, "locks", id), { signal, onWait }, async () => {
    const found = await find(request);
    if (found !== undefined) {
      return found;
    }
    const workDir = cachePath(cacheDir, "work", `artefact-${id}`);
    await rm(workDir, { recursive: true, force: true });
    await mkdir(workDir, { recursive: true });
    try {
      return await makeIn(workDir, request, ingredient);
    } finally {
      await rm(workDir, { recursive: true, force: true });
    }
  });
}

async function makeIn(
  workDir: string,
  request: Request,
  ingredient: Ingredient,
): Promise<ObtainedArtifact> {
  const { cacheDir, source } = request.options;
  const start = Date.now();
  const took = () => duration(Date.now() - start);
  if (source !== undefined && request.locked !== undefined) {
    const file = join(workDir, "download");
    const options = { signal: request.options.signal, progress: request.progress };
    const digest = await downloadRelease(source.releaseUrl, request.locked, file, options);
    request.progress(`Downloaded ${megabytes(digest.sizeBytes)} in ${took()}`);
    return { ...(await keepDigested(cacheDir, file, digest)), ...debianOf(request.locked) };
  }
  const built = await build(contextOf(workDir, request, ingredient));
  const digest = await digestFile(built.file);
  checkAgainstLock(request, digest, built.debian);
  const kept = await keepDigested(cacheDir, built.file, digest);
  const debian = debianOf(built);
  if (!isMadeAnew(request.name)) {
    await rememberBuilt(cacheDir, request.recipe, { ...digest, ...debian });
  }
  request.progress(`Built in ${took()}, ${megabytes(kept.sizeBytes)}`);
  return { ...kept, ...debian };
}

function contextOf(workDir: string, request: Request, ingredient: Ingredient): BuildContext {
  const { name, architecture, runtimeFolder, options, progress } = request;
  const { cacheDir, signal } = options;
  const logFile = cachePath(cacheDir, "logs", `${name}-${architecture}.log`);
  return {
    name,
    architecture,
    cacheDir,
    workDir,
    logFile,
    runtimeFolder,
    signal,
    progress,
    ingredient,
  };
}

async function build(context: BuildContext): Promise<Built> {
  const { recipe } = artifacts[context.name];
  switch (recipe.kind) {
    case "go":
      return buildGo(recipe, context);
    case "npm":
      return buildNpm(recipe, context);
    case "debian-closure":
      return buildDebian(recipe, context);
    case "bundle":
      return buildBundle(recipe, context);
    case "notices":
      return buildNotices(recipe, context);
    case "image":
      return buildImage(recipe, context);
  }
}

/** Something built is what is locked, unless it has other Debian packages in it than at the time of the lock. */
function checkAgainstLock(
  request: Request,
  found: { readonly sha512: string },
  debian: Readonly<Record<string, string>> | undefined,
): void {
  const { lockEntry, architecture } = request;
  if (lockEntry === undefined || !sameVersions(lockEntry.debian, debian)) {
    return;
  }
  if (lockEntry.sha512 !== found.sha512) {
    throw new ArtifactError(
      `built with sha512 ${found.sha512}, wanted ${lockEntry.sha512} as in lock.${architecture}.json`,
    );
  }
}

function debianOf(from: Pick<ObtainedArtifact, "debian">): Pick<ObtainedArtifact, "debian"> {
  return from.debian === undefined ? {} : { debian: from.debian };
}

function sameVersions(
  a: Readonly<Record<string, string>> = {},
  b: Readonly<Record<string, string>> = {},
): boolean {
  const text = (versions: Readonly<Record<string, string>>) =>
    JSON.stringify(Object.entries(versions).sort());
  return text(a) === text(b);
}
