// SPDX-License-Identifier: Apache-2.0
// Builds images with the runtime's own image writer, called as a user calls it.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageRecipe } from "../../artifacts/artifact.ts";
import { ingredients } from "../../artifacts/reproducibility.ts";
import { type ArtifactName, artifacts } from "../../artifacts/table.ts";
import { ArtifactError } from "./artifact-error.ts";
import type { BuildContext, Built } from "./builder.ts";
import { runLogged } from "./command.ts";
import { imageSpec } from "./image-spec.ts";
import { imageAsset, pinnedNode, REPOSITORY } from "./repository.ts";

/** An ACI, or an OCI layout in a tar file. */
export async function buildImage(
  recipe: ImageRecipe<ArtifactName>,
  context: BuildContext,
): Promise<Built> {
  const files = new Map<ArtifactName, string>();
  const debian: Record<string, string> = {};
  for (const name of ingredients(context.name)) {
    const ingredient = await context.ingredient(name);
    files.set(name, ingredient.path);
    Object.assign(debian, ingredient.debian);
  }
  const spec = imageSpec(recipe, artifacts[context.name].version, context.architecture, {
    asset: imageAsset,
    artifact: (name) => {
      const file = files.get(name);
      if (file === undefined) {
        throw new ArtifactError(`its artefact "${name}" is missing`);
      }
      return file;
    },
  });
  const specFile = join(context.workDir, "image.json");
  const file = join(context.workDir, "image");
  await writeFile(specFile, JSON.stringify(spec, undefined, 2));
  context.progress("Packing");
  await runLogged(
    {
      file: pinnedNode(),
      args: [
        "--disable-warning=ExperimentalWarning",
        join(REPOSITORY, "runtime/cli/main.ts"),
        ..."image build".split(" "),
        specFile,
        file,
        `--format=${recipe.format}`,
      ],
      signal: context.signal,
    },
    context.logFile,
  );
  return Object.keys(debian).length === 0 ? { file } : { file, debian };
}
