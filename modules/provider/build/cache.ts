// SPDX-License-Identifier: Apache-2.0
// The cache of finished artefacts, shared by all stacks: files by digest, and an index from recipes to digests. What is
// there is whole, because it appears by a rename; two processes may use one cache.

import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";

/** A finished artefact. */
export interface CachedFile {
  /** 128 hexadecimal digits. */
  readonly sha512: string;
  readonly sizeBytes: number;
  /** Readable and executable by everyone, writable by nobody. */
  readonly path: string;
}

/** What an index entry remembers of a build. */
export interface IndexEntry {
  readonly sha512: string;
  readonly sizeBytes: number;
  /** Debian packages and versions that went into it. */
  readonly debian?: Readonly<Record<string, string>>;
}

/** Path of the folder of one kind of things in the cache. */
export function cachePath(cacheDir: string, ...names: readonly string[]): string {
  return join(cacheDir, ...names);
}

/** The file of a digest if it is there in full length. Contents are not read again: those who receive them verify. */
export async function findBlob(
  cacheDir: string,
  wanted: { readonly sha512: string; readonly sizeBytes: number },
): Promise<CachedFile | undefined> {
  const path = blobPath(cacheDir, wanted.sha512);
  const found = await stat(path).catch(() => undefined);
  return found?.size === wanted.sizeBytes
    ? { sha512: wanted.sha512, sizeBytes: wanted.sizeBytes, path }
    : undefined;
}

/** Moves a finished file, on the same file system, into the cache. */
export async function keepBlob(cacheDir: string, file: string): Promise<CachedFile> {
  return keepDigested(cacheDir, file, await digestFile(file));
}

/** As `keepBlob`, for who knows already what `digestFile` says of the file. */
export async function keepDigested(
  cacheDir: string,
  file: string,
  digest: { readonly sha512: string; readonly sizeBytes: number },
): Promise<CachedFile> {
  const path = blobPath(cacheDir, digest.sha512);
  await mkdir(cachePath(cacheDir, "blobs", "sha512"), { recursive: true });
  await chmod(file, 0o555);
  await sync(file);
  await rename(file, path);
  return { ...digest, path };
}

/** What a recipe gave the last time, if that is still there. */
export async function findBuilt(
  cacheDir: string,
  recipe: string,
): Promise<(CachedFile & Pick<IndexEntry, "debian">) | undefined> {
  const text = await readFile(indexPath(cacheDir, recipe), "utf8").catch(() => undefined);
  const entry = text === undefined ? undefined : parseEntry(text);
  const blob = entry === undefined ? undefined : await findBlob(cacheDir, entry);
  if (entry === undefined || blob === undefined) {
    return undefined;
  }
  return { ...blob, ...(entry.debian === undefined ? {} : { debian: entry.debian }) };
}

/** Remembers what a recipe gave. */
export async function rememberBuilt(
  cacheDir: string,
  recipe: string,
  entry: IndexEntry,
): Promise<void> {
  const path = indexPath(cacheDir, recipe);
  const partial = `${path}.${randomUUID()}`;
  await mkdir(cachePath(cacheDir, "index"), { recursive: true });
  const file = await open(partial, "w");
  try {
    await file.writeFile(`${JSON.stringify(entry)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
}

/** sha512 and length of a file. */
export async function digestFile(path: string): Promise<{ sha512: string; sizeBytes: number }> {
  const hash = createHash("sha512");
  let sizeBytes = 0;
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1 << 20 });
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    hash.update(chunk);
  }
  return { sha512: hash.digest("hex"), sizeBytes };
}

function parseEntry(text: string): IndexEntry | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("sha512" in value)) {
      return undefined;
    }
    const entry = value as IndexEntry;
    return /^[0-9a-f]{128}$/.test(entry.sha512) ? entry : undefined;
  } catch {
    // A damaged entry is as good as none: the artefact is made again.
    return undefined;
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function blobPath(cacheDir: string, sha512: string): string {
  return cachePath(cacheDir, "blobs", "sha512", sha512);
}

function indexPath(cacheDir: string, recipe: string): string {
  return cachePath(cacheDir, "index", `${recipe}.json`);
}
