// SPDX-License-Identifier: Apache-2.0
// A name for everything that an artefact follows from: the same name, the same bytes. What Debian serves and the C
// compiler are not in it; neither is our image writer, which must not change images.

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture, ImageFile } from "../../artifacts/artifact.ts";
import { ingredients } from "../../artifacts/reproducibility.ts";
import { type ArtifactName, artifacts } from "../../artifacts/table.ts";
import { GO, PATCHELF } from "../../artifacts/toolchain.ts";
import { goFolder, imageAsset } from "./repository.ts";

/** To be raised when a builder changes what it makes of the same recipe. */
const BUILDERS = 1;

/** What the name depends on besides the table. */
export interface RecipeContext {
  readonly architecture: Architecture;
  readonly runtimeFolder: string;
}

/** 32 hexadecimal digits. */
export async function recipeDigest(name: ArtifactName, context: RecipeContext): Promise<string> {
  const { version, origin, recipe } = artifacts[name];
  const parts: unknown[] = [
    BUILDERS,
    name,
    version,
    origin,
    recipe,
    context.architecture,
    ...(await Promise.all(ingredients(name).map((each) => recipeDigest(each, context)))),
  ];
  switch (recipe.kind) {
    case "go":
      parts.push(GO.version, await folderDigests(goFolder(recipe.folder)));
      break;
    case "npm":
      parts.push(PATCHELF.version, context.runtimeFolder);
      break;
    case "debian-closure":
      parts.push(PATCHELF.version, recipe.layout === "relocated" ? context.runtimeFolder : "");
      break;
    case "image":
      parts.push(await Promise.all(recipe.files.flatMap(assetDigest)));
      break;
    case "bundle":
    case "notices":
      break;
  }
  return createHash("sha512").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

async function folderDigests(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => /\.(go|mod|sum)$/.test(name)).sort();
  return Promise.all(names.map(async (name) => `${name} ${await fileDigest(join(folder, name))}`));
}

function assetDigest(file: ImageFile<ArtifactName>): Promise<string>[] {
  return "asset" in file ? [fileDigest(imageAsset(file.asset))] : [];
}

async function fileDigest(path: string): Promise<string> {
  return createHash("sha512")
    .update(await readFile(path))
    .digest("hex");
}
