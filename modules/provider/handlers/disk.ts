// SPDX-License-Identifier: Apache-2.0
// Disk: an empty disk for a machine, which outlives it: etcd's data stay when a controller is replaced.

import { randomUUID } from "node:crypto";
import { chmod, mkdir, open, rm, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MAX_SERIAL_BYTES } from "../../platforms/qemu/plan/machine.ts";
import { diffBySchema } from "../diff.ts";
import type { ResourceContext, ResourceHandler } from "../handler.ts";
import { identityPath } from "../machine/boot-record.ts";
import { folderName } from "../machine/machine-folder.ts";
import { errorCode } from "../processes/error-code.ts";
import type { PropertyValues } from "../property-value.ts";
import { numberOf, optionalText, textOf } from "../read-values.ts";
import type { ResourceSchema } from "../resource-schema.ts";
import { removeResourceFolder } from "../stack-folder.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Of stat(2), whatever the file system's own are. */
const BLOCK = 512;

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
  // Somebody removes the file: then the machine needs another disk, and with it another machine.
  refreshBeforeUpdate: true,

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

  async diff(olds, news, context) {
    const diff = diffBySchema(olds, news, schema);
    const usedBytes = diff.replaces.length > 0 ? await usedOf(textOf(olds, "path")) : 0;
    if (usedBytes > 0) {
      const used = Math.ceil(usedBytes / MIB);
      context.warn(
        `The new disk is empty: ${used} MiB of data on "${textOf(olds, "path")}" are lost`,
      );
    } else if (diff.replaces.length === 0 && diff.changes) {
      context.info("The machine sees the new size when it is started the next time");
    }
    return diff;
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
    const found = await statIfThere(textOf(olds, "path"));
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
  // Empty: left by a try that was interrupted.
  if ((await usedOf(path)) > 0) {
    throw new Error(`Cannot create disk "${path}": it exists and has data, expected no file`);
  }
  await rm(path, { force: true });
  await mkdir(dirname(path), { recursive: true });
  await chmod(dirname(path), 0o700);
  await writeFile(identityPath(path), `${randomUUID()}\n`, { mode: 0o600 });
  const file = await open(path, "wx", 0o600);
  try {
    await file.truncate(sizeGiB * GIB);
  } finally {
    await file.close();
  }
}

/** Bytes that were written to a disk; 0 if it is not there. */
async function usedOf(path: string): Promise<number> {
  return ((await statIfThere(path))?.blocks ?? 0) * BLOCK;
}

async function statIfThere(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function diskPath(label: string, context: ResourceContext): string {
  return join(context.stackDir, "disks", folderName(context.name), `${label}.img`);
}
