// SPDX-License-Identifier: Apache-2.0
// LabImage: makes the lab machine image be in the cache. Its identity is that of its recipe, so previews know it, and
// machines do not change when the cache was emptied.

import { labRecipe, recipeId } from "../../artifacts/lab/recipe.ts";
import { findLabImage } from "../build/lab.ts";
import { diffBySchema, withChanges } from "../diff.ts";
import type { ResourceContext, ResourceHandler } from "../handler.ts";
import { obtainCurrentLabImage } from "../machine/image.ts";
import type { PropertyValues } from "../property-value.ts";
import { optionalText } from "../read-values.ts";

const schema: ResourceHandler["schema"] = {
  description: "The lab machine image: Debian with systemd and the real Ignition.",
  inputs: {},
  outputs: {
    recipe: { type: "string", description: "Identity of the image, for QemuMachine." },
    kernelSha512: { type: "string", description: "The kernel in the cache." },
    initrdSha512: { type: "string", description: "The initramfs in the cache." },
    rootSha512: { type: "string", description: "The root disk in the cache, a qcow2 image." },
    sizeBytes: { type: "integer", description: "Size of the three files." },
  },
};

export const labImage: ResourceHandler = {
  type: "corefly:index:LabImage",
  schema,
  timeoutSeconds: 3600,

  async diff(olds, news, context) {
    const diff = diffBySchema(olds, news, schema);
    const recipe = recipeId(labRecipe("amd64"));
    const cached = await findLabImage(context.cacheDir, recipe);
    const changed = optionalText(olds, "recipe") !== recipe;
    if (!changed && cached !== undefined) return diff;
    return withChanges(diff, changed ? { recipe: "update" } : { rootSha512: "update" });
  },

  async plan() {
    return { recipe: recipeId(labRecipe("amd64")) };
  },

  async create(_inputs, context) {
    const outputs = await obtain(context);
    return { id: "lab", outputs };
  },

  async update(_id, _olds, _news, context) {
    return obtain(context);
  },
};

async function obtain(context: ResourceContext): Promise<PropertyValues> {
  const image = await obtainCurrentLabImage({
    cacheDir: context.cacheDir,
    signal: context.signal,
    onProgress: (message) => context.status(message),
  });
  return {
    recipe: image.recipe,
    kernelSha512: image.kernel.sha512,
    initrdSha512: image.initrd.sha512,
    rootSha512: image.root.sha512,
    sizeBytes: image.kernel.sizeBytes + image.initrd.sizeBytes + image.root.sizeBytes,
  };
}
