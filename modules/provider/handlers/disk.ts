// SPDX-License-Identifier: Apache-2.0
// Disk: an empty disk for a machine, which outlives it: etcd's data stay when a controller is replaced.

import { chmod, mkdir, open, stat, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MAX_SERIAL_BYTES } from "../../platforms/qemu/plan/machine.ts";
import type { ResourceContext, ResourceHandler } from "../handler.ts";
import { folderName } from "../machine/machine-folder.ts";
import type { PropertyValues } from "../property-value.ts";
import { numberOf, optionalText, textOf } from "../read-values.ts";
import type { ResourceSchema } from "../resource-schema.ts";
import { removeResourceFolder } from "../stack-folder.ts";

const GIB = 1024 ** 3;

const schema: ResourceSchema = {
  description: "An empty disk that outlives the machines it is given to.",
  stables: ["path"],
  deleteBeforeReplace: true,
  inputs: {
    sizeGiB: {
      type: "integer",
      required: true,
      minimum: 1,
      maximum: 16_384,
      description: "Size in GiB. It can grow; space is taken when it is written to.",
    },
    label: {
      type: "string",
      default: "data",
      replaces: true,
      pattern: /[a-z0-9][a-z0-9_-]{0,19}/,
      patternHint: `at most ${MAX_SERIAL_BYTES} of a-z, 0-9, _ and -`,
      description: "/dev/disk/by-id/virtio-<label> in the machine.",
    },
  },
  outputs: { path: { type: "string", description: "The disk's file." } },
};

export const disk: ResourceHandler = {
  type: "corefly:index:Disk",
  schema,

  async check(olds, news) {
    const { sizeGiB } = news;
    const old = olds?.["sizeGiB"];
    const shrinks = typeof old === "number" && typeof sizeGiB === "number" && sizeGiB < old;
    return {
      inputs: news,
      failures: shrinks
        ? [{ property: "sizeGiB", reason: `Found ${sizeGiB}, expected at least the disk's ${old}` }]
        : [],
    };
  },

  async plan(_olds, news, context) {
    const label = optionalText(news, "label");
    return label === undefined ? {} : { path: diskPath(label, context) };
  },

  async create(inputs, context) {
    const path = diskPath(textOf(inputs, "label"), context);
    await createDisk(path, numberOf(inputs, "sizeGiB"));
    return { id: path, outputs: { path } };
  },

  async read(id, olds) {
    const found = await stat(textOf(olds, "path")).catch(() => undefined);
    if (found === undefined) return undefined;
    const inputs: PropertyValues = {
      sizeGiB: found.size / GIB,
      label: textOf(olds, "label"),
    };
    return { id, inputs, outputs: { ...olds, ...inputs } };
  },

  async update(_id, olds, news) {
    const path = textOf(olds, "path");
    await truncate(path, numberOf(news, "sizeGiB") * GIB);
    return { path };
  },

  async delete(_id, olds, context) {
    await removeResourceFolder(dirname(textOf(olds, "path")), context);
  },
};

async function createDisk(path: string, sizeGiB: number): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  // Empty: left by a try that was interrupted.
  if (found !== undefined && found.blocks > 0) {
    throw new Error(`Cannot create disk "${path}": it exists and has data, expected no file`);
  }
  await mkdir(dirname(path), { recursive: true });
  await chmod(dirname(path), 0o700);
  const file = await open(path, "a", 0o600);
  try {
    await file.truncate(sizeGiB * GIB);
  } finally {
    await file.close();
  }
}

function diskPath(label: string, context: ResourceContext): string {
  return join(context.stackDir, "disks", folderName(context.name), `${label}.img`);
}
