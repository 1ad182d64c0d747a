// SPDX-License-Identifier: Apache-2.0
// Obtains the lab image: from the cache, or by building it. The image is three files of the cache (kernel, initramfs,
// root filesystem) and a small manifest that names them. Its identity is that of its recipe.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type LabManifest,
  labManifestText,
  parseLabManifest,
} from "../../artifacts/lab/manifest.ts";
import { type LabRecipe, recipeId } from "../../artifacts/lab/recipe.ts";
import {
  type CachedFile,
  cachePath,
  findBlob,
  findBuilt,
  keepBlob,
  rememberBuilt,
} from "./cache.ts";
import { readOutput } from "./command.ts";
import { exclusively } from "./exclusive.ts";
import { planLabImage } from "./lab-plan.ts";
import { DEBIAN_KEYRING, requireLabPrograms } from "./lab-prerequisites.ts";
import { kernelVersion, runStep } from "./lab-run.ts";
import {
  type AptSource,
  INDEX_TARGETS_FORMAT,
  parseIndexTargets,
  sourcesOfMirror,
} from "./lab-sources.ts";

export interface LabImageOptions {
  readonly cacheDir: string;
  /** Makes, or finds, the Ignition program for the initramfs; called only if the image must be built. */
  readonly obtainIgnition: () => Promise<string>;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** A Debian mirror instead of those of the workstation's apt. */
  readonly mirror?: string | undefined;
}

/** Files of a lab image in the cache. */
export interface LabImage {
  readonly recipe: string;
  readonly rootLabel: string;
  readonly kernel: CachedFile;
  readonly initrd: CachedFile;
  /** A qcow2 image. */
  readonly root: CachedFile;
}

/**
 * The image of `recipe`: built once per recipe and cache, whoever asks, and whatever else of corefly changed. What an
 * interrupted build left is removed by the next one. Throws ArtifactError.
 */
export async function obtainLabImage(
  recipe: LabRecipe,
  options: LabImageOptions,
): Promise<LabImage> {
  const found = await findLabImage(options.cacheDir, recipeId(recipe));
  if (found !== undefined) return found;
  return exclusively(
    cachePath(options.cacheDir, "lab", "lock"),
    {
      signal: options.signal,
      onWait: () => options.onProgress("Waiting for another process that builds the lab image"),
    },
    async () =>
      (await findLabImage(options.cacheDir, recipeId(recipe))) ?? (await build(recipe, options)),
  );
}

/** The image that the recipe with this identity gave, if all its files are in the cache. */
export async function findLabImage(
  cacheDir: string,
  recipe: string,
): Promise<LabImage | undefined> {
  const built = await findBuilt(cacheDir, indexName(recipe));
  if (built === undefined) return undefined;
  const manifest = parseLabManifest(await readFile(built.path, "utf8"), built.path);
  const [kernel, initrd, root] = await Promise.all(
    [manifest.kernel, manifest.initrd, manifest.root].map((file) => findBlob(cacheDir, file)),
  );
  if (kernel === undefined || initrd === undefined || root === undefined) return undefined;
  return { recipe, rootLabel: manifest.rootLabel, kernel, initrd, root };
}

async function build(recipe: LabRecipe, options: LabImageOptions): Promise<LabImage> {
  await requireLabPrograms();
  const { cacheDir, onProgress, signal } = options;
  const ignition = await options.obtainIgnition();
  const work = cachePath(cacheDir, "work", "lab");
  const log = cachePath(cacheDir, "lab", "build.log");
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });

  const plan = planLabImage(recipe, {
    work,
    ignition,
    sources: await aptSources(recipe, options),
    keyring: DEBIAN_KEYRING,
  });
  for (const [number, phase] of plan.phases.entries()) {
    onProgress(`Lab image, step ${number + 1} of ${plan.phases.length + 1}: ${phase.title}`);
    for (const step of phase.steps) await runStep(step, plan.root, log, signal);
  }

  onProgress(
    `Lab image, step ${plan.phases.length + 1} of ${plan.phases.length + 1}: into the cache`,
  );
  const kernel = join(plan.root, "boot", `vmlinuz-${await kernelVersion(plan.root)}`);
  const image: LabImage = {
    recipe: recipeId(recipe),
    rootLabel: recipe.rootLabel,
    kernel: await keepBlob(cacheDir, kernel),
    initrd: await keepBlob(cacheDir, plan.initrd),
    root: await keepBlob(cacheDir, plan.rootImage),
  };
  await keepManifest(cacheDir, work, image);
  await rm(work, { recursive: true, force: true });
  return image;
}

// Last: an image that is not whole is in no index.
async function keepManifest(cacheDir: string, work: string, image: LabImage): Promise<void> {
  const manifest: LabManifest = {
    format: "corefly-lab-v1",
    rootLabel: image.rootLabel,
    kernel: image.kernel,
    initrd: image.initrd,
    root: image.root,
  };
  const file = join(work, "manifest.json");
  await writeFile(file, labManifestText(manifest));
  const { sha512, sizeBytes } = await keepBlob(cacheDir, file);
  await rememberBuilt(cacheDir, indexName(image.recipe), { sha512, sizeBytes });
}

function indexName(recipe: string): string {
  return `lab-${recipe}`;
}

async function aptSources(
  recipe: LabRecipe,
  options: LabImageOptions,
): Promise<readonly AptSource[]> {
  if (options.mirror !== undefined) return sourcesOfMirror(options.mirror, recipe.release);
  const targets = await readOutput({
    file: "apt-get",
    args: ["indextargets", "--format", INDEX_TARGETS_FORMAT, "Identifier: Packages"],
    signal: options.signal,
  });
  return parseIndexTargets(targets, recipe.release);
}
