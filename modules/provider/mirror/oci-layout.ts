// SPDX-License-Identifier: Apache-2.0
// An OCI image layout in a tar archive, seen as what a registry serves: manifests and blobs by digest.

import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { indexTar, type TarEntry } from "./tar-index.ts";

/** Something of the layout that a registry serves. */
export interface OciObject extends TarEntry {
  readonly digest: string;
  /** Of a manifest; blobs have none. */
  readonly mediaType?: string;
}

export interface OciLayout {
  /** Path of the archive. */
  readonly path: string;
  /** What the layout's index names. */
  readonly top: OciObject;
  readonly manifests: ReadonlyMap<string, OciObject>;
  readonly blobs: ReadonlyMap<string, OciObject>;
}

const MAX_MANIFEST_BYTES = 4 << 20;
const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

/** Opens a layout and checks the digests of its manifests. Blobs are checked by those who receive them. */
export async function openLayout(path: string): Promise<OciLayout> {
  const file = await open(path, "r");
  try {
    const entries = await indexTar(file, path);
    const index = await readJson(file, required(entries, "index.json", path), path);
    const [top] = descriptors(index["manifests"]);
    if (top === undefined) throw layoutError(path, "its index.json names no manifest");
    const manifests = new Map<string, OciObject>();
    const blobs = new Map<string, OciObject>();
    await collect(file, path, entries, top, manifests, blobs);
    const object = manifests.get(top.digest);
    if (object === undefined) throw layoutError(path, `${top.digest} is not in it`);
    return { path, top: object, manifests, blobs };
  } finally {
    await file.close();
  }
}

async function collect(
  file: FileHandle,
  path: string,
  entries: ReadonlyMap<string, TarEntry>,
  descriptor: Descriptor,
  manifests: Map<string, OciObject>,
  blobs: Map<string, OciObject>,
): Promise<void> {
  if (manifests.has(descriptor.digest)) return;
  const entry = blobEntry(entries, descriptor.digest, path);
  const text = await readEntry(file, entry, path);
  const found = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  if (found !== descriptor.digest) {
    throw layoutError(path, `manifest ${descriptor.digest} has digest ${found}`);
  }
  const manifest = parseObject(text, path);
  const mediaType = textOf(manifest["mediaType"]) ?? descriptor.mediaType;
  manifests.set(descriptor.digest, { ...entry, digest: descriptor.digest, mediaType });
  if (INDEX_TYPES.includes(mediaType)) {
    for (const child of descriptors(manifest["manifests"])) {
      await collect(file, path, entries, child, manifests, blobs);
    }
    return;
  }
  for (const part of [...descriptors([manifest["config"]]), ...descriptors(manifest["layers"])]) {
    blobs.set(part.digest, { ...blobEntry(entries, part.digest, path), digest: part.digest });
  }
}

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
}

function descriptors(value: unknown): readonly Descriptor[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    const fields: Readonly<Record<string, unknown>> = { ...(item as object) };
    const digest = textOf(fields["digest"]);
    const mediaType = textOf(fields["mediaType"]) ?? "application/octet-stream";
    return digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest)
      ? [{ digest, mediaType }]
      : [];
  });
}

function blobEntry(entries: ReadonlyMap<string, TarEntry>, digest: string, path: string): TarEntry {
  return required(entries, `blobs/${digest.replace(":", "/")}`, path);
}

function required(entries: ReadonlyMap<string, TarEntry>, name: string, path: string): TarEntry {
  const entry = entries.get(name);
  if (entry === undefined) throw layoutError(path, `${name} is not in it`);
  return entry;
}

async function readJson(
  file: FileHandle,
  entry: TarEntry,
  path: string,
): Promise<Readonly<Record<string, unknown>>> {
  return parseObject(await readEntry(file, entry, path), path);
}

async function readEntry(file: FileHandle, entry: TarEntry, path: string): Promise<Buffer> {
  if (entry.sizeBytes > MAX_MANIFEST_BYTES) {
    throw layoutError(
      path,
      `it has a manifest of ${entry.sizeBytes} bytes, expected at most 4 MiB`,
    );
  }
  const buffer = Buffer.alloc(entry.sizeBytes);
  await file.read(buffer, 0, entry.sizeBytes, entry.offset);
  return buffer;
}

function parseObject(text: Buffer, path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text.toString("utf8"));
    return { ...(value as object) };
  } catch (cause) {
    throw new Error(`Cannot read OCI layout "${path}": a manifest is not JSON`, { cause });
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function layoutError(path: string, reason: string): Error {
  return new Error(`Cannot read OCI layout "${path}": ${reason}`);
}
