// SPDX-License-Identifier: Apache-2.0
// Brings an OCI image into the store from wherever its blobs are: each layer unpacked while it arrives, over the layers below
// it, kept under its chain id, and shared with every image that begins with the same layers.
import { createHash } from "node:crypto";
import { DigestMismatchError, InvalidManifestError, UnsupportedError } from "../errors.ts";
import type { ImageRecord } from "../store/record.ts";
import type { TreeName } from "../store/trees.ts";
import { ingest } from "../store/unpack/ingest.ts";
import { LayerUnpacker } from "../store/unpack/layer-unpacker.ts";
import { Budget } from "../store/unpack/limits.ts";
import { TreeWriter } from "../store/unpack/tree-writer.ts";
import { type ImportOptions, limitsFor } from "./import-options.ts";
import { type Descriptor, type OciConfig, type OciManifest, parseConfig } from "./oci/manifest.ts";

/** Where blobs come from: a registry, or a layout on disk. What it answers is not believed. */
export interface BlobSource {
  open(blob: Descriptor): AsyncIterable<Buffer>;
}

export interface OciImage {
  readonly manifest: OciManifest;
  /** For messages. */
  readonly origin: string;
  readonly source: string;
  /** `NAME:TAG` and `NAME@DIGEST` by which the image is known from now on. */
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly repository: string;
}

const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

/** Throws DigestMismatchError, InvalidArchiveError, InvalidManifestError; layers that were complete before stay for the next try. */
export async function importOci(
  image: OciImage,
  source: BlobSource,
  options: ImportOptions,
): Promise<ImageRecord> {
  const { store, system } = options;
  const { manifest, origin } = image;
  const bytes = await readBlob(source, manifest.config, `config of ${origin}`, MAX_CONFIG_BYTES);
  const config = parseConfig(bytes.toString("utf8"), `config of ${origin}`);
  if (config.diffIds.length !== manifest.layers.length) {
    throw new InvalidManifestError(
      `Cannot use image ${origin}: ${manifest.layers.length} layers in its manifest, ${config.diffIds.length} in its config`,
    );
  }
  return store.whileFetching(async () => {
    const trees: TreeName[] = []; // topmost first
    let chain = "";
    for (const [index, layer] of manifest.layers.entries()) {
      const diffId = config.diffIds[index] ?? "";
      chain = chain === "" ? diffId : chainId(chain, diffId);
      const name: TreeName = `layers/${chain.slice("sha256:".length)}`;
      if (!store.hasTree(name)) {
        await importLayer(layer, diffId, name, trees, source, image, options);
      }
      trees.unshift(name);
    }
    const now = system.clock.now();
    return store.add({
      id: idOf(manifest.config, bytes),
      format: "oci",
      name: image.repository,
      labels: labelsOf(config, image),
      repoTags: image.repoTags,
      repoDigests: image.repoDigests,
      sizeBytes: trees.reduce((sum, tree) => sum + (store.trees.facts(tree)?.bytes ?? 0), 0),
      app: config.app,
      annotations: { ...config.labels, ...manifest.annotations },
      importedAtMs: now,
      lastUsedAtMs: now,
      pinned: false,
      pins: [],
      trees,
      dependencies: [],
      manifest: config.raw,
      source: image.source,
      sourceDigest: "",
      etag: "",
      signedBy: "",
    });
  });
}

/** Reads a small blob whole. Throws DigestMismatchError when it is not what the descriptor says. */
export async function readBlob(
  source: BlobSource,
  blob: Descriptor,
  what: string,
  maxBytes: number,
): Promise<Buffer> {
  if (blob.sizeBytes > maxBytes) {
    throw new InvalidManifestError(
      `Cannot read ${what}: it has ${blob.sizeBytes} bytes, at most ${maxBytes} are allowed`,
    );
  }
  const parts: Buffer[] = [];
  for await (const chunk of bounded(source.open(blob), blob, what)) {
    parts.push(chunk);
  }
  const bytes = Buffer.concat(parts);
  checkDigest(blob, bytes.length, createHash(algorithmOf(blob)).update(bytes).digest("hex"), what);
  return bytes;
}

async function importLayer(
  layer: Descriptor,
  diffId: string,
  name: TreeName,
  lowers: readonly TreeName[],
  source: BlobSource,
  image: OciImage,
  options: ImportOptions,
): Promise<void> {
  const { store, system, signal, onProgress } = options;
  const what = `layer ${layer.digest} of ${image.origin}`;
  if (/encrypted/.test(layer.mediaType)) {
    throw new UnsupportedError(`Cannot use ${what}: it is encrypted`);
  }
  await store.trees.withTemporary(async (temporary) => {
    const lowerPaths = lowers.map((lower) => store.trees.rootfs(lower));
    const limits = limitsFor(temporary.path, system);
    const budget = new Budget(limits);
    const tree = new TreeWriter(temporary.rootfs, lowerPaths, system, budget);
    const unpacker = new LayerUnpacker(tree, budget, system);
    try {
      const algorithm = algorithmOf(layer);
      const ingested = await ingest(bounded(source.open(layer), layer, what), {
        handler: unpacker,
        limits,
        rawHash: createHash(algorithm),
        rawAlgorithm: algorithm,
        contentAlgorithm: "sha256",
        signal,
        onBytes: (doneBytes) =>
          onProgress?.({ what: layer.digest, doneBytes, totalBytes: layer.sizeBytes }),
      });
      checkDigest(layer, ingested.rawBytes, ingested.rawHash.digest("hex"), what);
      if ("failure" in ingested.content) {
        throw ingested.content.failure;
      }
      if (`sha256:${ingested.content.digest}` !== diffId) {
        throw new DigestMismatchError(
          `Cannot use ${what}: its content has digest sha256:${ingested.content.digest}, the image's config says ${diffId}`,
        );
      }
      tree.finish();
      await tree.flush();
    } finally {
      unpacker.abandon();
      tree.close();
    }
    await store.trees.commit(temporary, name, { bytes: budget.bytes, inodes: budget.entries });
  });
}

/** Stops a source that sends more than was announced. */
async function* bounded(
  source: AsyncIterable<Buffer>,
  blob: Descriptor,
  what: string,
): AsyncIterable<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > blob.sizeBytes) {
      throw new DigestMismatchError(
        `Cannot use ${what}: more than the ${blob.sizeBytes} bytes that its manifest says`,
      );
    }
    yield chunk;
  }
}

function checkDigest(blob: Descriptor, sizeBytes: number, hex: string, what: string): void {
  const digest = `${algorithmOf(blob)}:${hex}`;
  if (digest !== blob.digest || sizeBytes !== blob.sizeBytes) {
    throw new DigestMismatchError(
      `Cannot use ${what}: found ${sizeBytes} bytes with digest ${digest}, expected ${blob.sizeBytes} bytes`,
    );
  }
}

function algorithmOf({ digest }: Descriptor): "sha256" | "sha512" {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** image-spec, "Layer ChainID". */
function chainId(below: string, diffId: string): string {
  return `sha256:${createHash("sha256").update(`${below} ${diffId}`).digest("hex")}`;
}

/** The sha256 of the config, whatever algorithm the manifest names it by. */
function idOf(config: Descriptor, bytes: Buffer): string {
  return config.digest.startsWith("sha256:")
    ? config.digest
    : `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function labelsOf(config: OciConfig, image: OciImage): Readonly<Record<string, string>> {
  const version = image.repoTags[0]?.split(":").at(-1);
  return {
    ...(version === undefined ? {} : { version }),
    os: config.os,
    arch: config.architecture,
  };
}
