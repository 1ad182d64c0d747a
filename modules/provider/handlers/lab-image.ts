// SPDX-License-Identifier: Apache-2.0
// The lab image as one of the artefacts: its file is the manifest, whose digest stands for kernel, initramfs and root.

import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Architecture } from "../../artifacts/artifact.ts";
import { labManifestText } from "../../artifacts/lab/manifest.ts";
import { labRecipe, recipeId } from "../../artifacts/lab/recipe.ts";
import { findLabImage, type LabImage, obtainLabImage } from "../build/lab.ts";
import { type ObtainedArtifact, type ObtainOptions, obtainArtifacts } from "../build/obtain.ts";

export const LAB_IMAGE = "lab-image";

/** There is one for amd64 only. */
export function labFailure(architecture: Architecture): string | undefined {
  return architecture === "amd64"
    ? undefined
    : `Found no "${LAB_IMAGE}" for ${architecture}, expected amd64`;
}

/** The image if it is in the cache whole. */
export async function findLab(cacheDir: string): Promise<ObtainedArtifact | undefined> {
  const image = await findLabImage(cacheDir, recipeId(labRecipe("amd64")));
  return image === undefined ? undefined : manifestFile(cacheDir, image);
}

/** The image, built if it is not there. */
export async function obtainLab(
  options: ObtainOptions & { readonly onProgress: (message: string) => void },
): Promise<ObtainedArtifact> {
  const image = await obtainLabImage(labRecipe("amd64"), {
    cacheDir: options.cacheDir,
    onProgress: options.onProgress,
    signal: options.signal,
    obtainIgnition: async () => await ignitionPath(options),
  });
  return manifestFile(options.cacheDir, image);
}

// It is compiled here whatever the source: it is not locked, so no release has it.
async function ignitionPath(options: ObtainOptions): Promise<string> {
  const { ignition } = await obtainArtifacts(["ignition"], { ...options, source: undefined });
  if (ignition === undefined) throw new Error("Cannot build the lab image: found no Ignition");
  return ignition.path;
}

function manifestFile(cacheDir: string, image: LabImage): ObtainedArtifact {
  const { rootLabel, kernel, initrd, root } = image;
  const text = labManifestText({ format: "corefly-lab-v1", rootLabel, kernel, initrd, root });
  const sha512 = createHash("sha512").update(text).digest("hex");
  return {
    sha512,
    sizeBytes: Buffer.byteLength(text),
    path: join(cacheDir, "blobs/sha512", sha512),
  };
}
