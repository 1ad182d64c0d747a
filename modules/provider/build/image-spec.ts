// SPDX-License-Identifier: Apache-2.0
// What `corefly image build` reads: a recipe with its artefacts replaced by files.

import type { Architecture, ImageFile, ImageRecipe } from "../../artifacts/artifact.ts";
import type { ArtifactName } from "../../artifacts/table.ts";

/** The files that a recipe's entries mean. */
export interface ImageSources {
  artifact(name: ArtifactName): string;
  asset(name: string): string;
}

/** The JSON document. */
export function imageSpec(
  recipe: ImageRecipe<ArtifactName>,
  version: string,
  architecture: Architecture,
  sources: ImageSources,
): object {
  return {
    name: recipe.name,
    version,
    os: "linux",
    arch: architecture,
    app: recipe.app,
    files: recipe.files.map((file) => specFile(file, sources)),
  };
}

function specFile(file: ImageFile<ArtifactName>, sources: ImageSources): object {
  if ("artifact" in file) {
    return { path: file.path, source: sources.artifact(file.artifact), mode: file.mode };
  }
  if ("asset" in file) {
    return { path: file.path, source: sources.asset(file.asset), mode: file.mode };
  }
  return "archive" in file ? { tar: sources.artifact(file.archive) } : file;
}
