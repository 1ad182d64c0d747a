// SPDX-License-Identifier: Apache-2.0
// Which digests can be known before anything is built.

import type { ImageFile } from "./artifact.ts";
import { type ArtifactName, artifacts } from "./table.ts";

/**
 * `exact`: the same bytes wherever it is made, so the lock binds.
 * `as-debian`: the same bytes as long as Debian serves the same versions of packages; the lock records them and binds
 * when they are those.
 * `none`: it follows the C compiler or our own sources, and is not locked.
 */
export type Reproducibility = "exact" | "as-debian" | "none";

/** How far an artefact's bytes follow from the table alone. */
export function reproducibility(name: ArtifactName): Reproducibility {
  const { recipe } = artifacts[name];
  switch (recipe.kind) {
    case "go":
      return recipe.cgo ? "none" : "exact";
    case "npm":
      return "exact";
    case "debian-closure":
      return "as-debian";
    case "bundle":
    case "notices":
      return "none";
    case "image":
      return weakest(ingredients(name).map(reproducibility));
  }
}

/** The artefacts that an artefact is made of, directly. */
export function ingredients(name: ArtifactName): readonly ArtifactName[] {
  const { recipe } = artifacts[name];
  return recipe.kind === "image" ? [...new Set(recipe.files.flatMap(ingredient))] : [];
}

function ingredient(file: ImageFile<ArtifactName>): readonly ArtifactName[] {
  if ("artifact" in file) {
    return [file.artifact];
  }
  return "archive" in file ? [file.archive] : [];
}

function weakest(all: readonly Reproducibility[]): Reproducibility {
  const order = ["none", "as-debian"] as const;
  return order.find((kind) => all.includes(kind)) ?? "exact";
}
