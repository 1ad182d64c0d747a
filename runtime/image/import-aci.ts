// SPDX-License-Identifier: Apache-2.0
// Brings an ACI into the store: unpacked while it arrives into a directory that nobody sees, then its signature and manifest
// are judged, and only then it becomes an image.
import { createHash } from "node:crypto";
import { TrustError, UnsupportedError } from "../errors.ts";
import type { ImageRecord } from "../store/record.ts";
import type { TemporaryTree } from "../store/trees.ts";
import { AciUnpacker } from "../store/unpack/aci-unpacker.ts";
import { type Ingested, ingest } from "../store/unpack/ingest.ts";
import { Budget, type UnpackLimits } from "../store/unpack/limits.ts";
import { TreeWriter } from "../store/unpack/tree-writer.ts";
import type { Keystore } from "../trust/keystore.ts";
import type { DetachedSignature } from "../trust/signature.ts";
import { type AppcDependency, type AppcManifest, parseAppcManifest } from "./appc/manifest.ts";
import { EMPTY_APP } from "./image-app.ts";
import { type ImportOptions, limitsFor } from "./import-options.ts";

export interface AciImportOptions extends ImportOptions {
  /** For messages: a quoted path or URL. */
  readonly origin: string;
  /** For the record: the path or URL. */
  readonly source: string;
  /** Where that is a URL, which can have a query that is not shown. */
  readonly sourceDigest?: string;
  readonly totalBytes?: number | undefined;
  /** What the server calls this version. */
  readonly etag?: string | undefined;
  /** undefined only where the user said that images need no signature. */
  readonly verify:
    | { readonly signature: DetachedSignature; readonly keystore: Keystore }
    | undefined;
  /** Throws when this is not the image that was asked for. */
  readonly check?: (manifest: AppcManifest) => void;
  readonly fetchDependency: (dependency: AppcDependency) => Promise<ImageRecord>;
}

interface Unpacked {
  readonly ingested: Ingested;
  /** Parses on demand: a forged image's manifest is not looked at before its signature. */
  readonly manifestText: () => string;
  readonly budget: Budget;
  readonly finish: () => Promise<void>;
}

/** Throws TrustError, InvalidArchiveError, InvalidManifestError; then nothing of it is in the store. */
export async function importAci(
  source: AsyncIterable<Buffer>,
  options: AciImportOptions,
): Promise<ImageRecord> {
  const { store } = options;
  return store.whileFetching(() =>
    store.trees.withTemporary(async (temporary) => {
      const limits = limitsFor(temporary.path, options.system);
      const budget = new Budget(limits);
      const tree = new TreeWriter(temporary.rootfs, [], options.system, budget);
      try {
        const unpacked = await unpack(source, { tree, limits, budget }, options);
        const { manifest, digest, signedBy } = await judge(unpacked, options);
        await unpacked.finish();
        return await keep(
          temporary,
          { manifest, digest, signedBy, budget: unpacked.budget },
          options,
        );
      } finally {
        tree.close();
      }
    }),
  );
}

async function unpack(
  source: AsyncIterable<Buffer>,
  {
    tree,
    limits,
    budget,
  }: { readonly tree: TreeWriter; readonly limits: UnpackLimits; readonly budget: Budget },
  options: AciImportOptions,
): Promise<Unpacked> {
  const { system, verify, signal, onProgress, origin, totalBytes } = options;
  const unpacker = new AciUnpacker(tree, budget, system);
  try {
    const ingested = await ingest(source, {
      handler: unpacker,
      limits,
      rawHash: verify?.signature.newHash() ?? createHash("sha512"),
      rawAlgorithm: verify === undefined ? "sha512" : plainAlgorithm(verify.signature),
      contentAlgorithm: "sha512",
      signal,
      onBytes: (doneBytes) => onProgress?.({ what: origin, doneBytes, totalBytes }),
    });
    return {
      ingested,
      manifestText: () => unpacker.finish(),
      budget,
      finish: async () => {
        tree.finish();
        await tree.flush();
      },
    };
  } finally {
    unpacker.abandon();
  }
}

/** What the signature's hash can stand in for: a salted one for nothing. */
function plainAlgorithm({ isPlainHash, hashAlgorithm }: DetachedSignature): string {
  return isPlainHash ? hashAlgorithm : "salted";
}

async function judge({ ingested, manifestText }: Unpacked, options: AciImportOptions) {
  const { verify, origin, system, check } = options;
  try {
    if ("failure" in ingested.content) {
      throw ingested.content.failure;
    }
    const manifest = parseAppcManifest(manifestText(), `manifest of ${origin}`);
    const signedBy = await verify?.signature.verify(
      ingested.rawHash,
      manifest.name,
      verify.keystore,
      new Date(system.clock.now()),
    );
    check?.(manifest);
    refuseWhitelist(manifest, origin);
    return { manifest, digest: ingested.content.digest, signedBy: signedBy ?? "" };
  } catch (error) {
    const isForged =
      !(error instanceof TrustError) &&
      (await verify?.signature.isIntact(ingested.rawHash, verify.keystore)) === false;
    throw isForged
      ? new TrustError(
          `Cannot verify image ${origin}: its signature does not match, the image or its signature was changed`,
          { cause: error },
        )
      : error;
  }
}

function refuseWhitelist({ pathWhitelist }: AppcManifest, origin: string): void {
  if (pathWhitelist.length > 0) {
    throw new UnsupportedError(
      `Cannot use image ${origin}: its manifest has a pathWhitelist, which is not supported`,
    );
  }
}

async function keep(
  temporary: TemporaryTree,
  image: { manifest: AppcManifest; digest: string; signedBy: string; budget: Budget },
  options: AciImportOptions,
): Promise<ImageRecord> {
  const { store, system } = options;
  const { manifest, digest, budget } = image;
  const dependencies: ImageRecord[] = [];
  for (const dependency of manifest.dependencies) {
    dependencies.unshift(await options.fetchDependency(dependency)); // later ones lie above earlier ones
  }
  const tree = `trees/${digest.slice(0, 64)}` as const;
  await store.trees.commit(temporary, tree, { bytes: budget.bytes, inodes: budget.entries });
  const now = system.clock.now();
  const version = manifest.labels["version"];
  return store.add({
    id: `sha512-${digest}`,
    format: "aci",
    name: manifest.name,
    labels: manifest.labels,
    repoTags: version === undefined ? [] : [`${manifest.name}:${version}`],
    repoDigests: [],
    sizeBytes: budget.bytes,
    app: manifest.app ?? EMPTY_APP,
    annotations: manifest.annotations,
    importedAtMs: now,
    lastUsedAtMs: now,
    pinned: false,
    pins: [],
    trees: [tree],
    dependencies: [
      ...new Set(dependencies.flatMap(({ id, dependencies: deeper }) => [id, ...deeper])),
    ],
    manifest: manifest.raw,
    source: options.source,
    sourceDigest: options.sourceDigest ?? "",
    etag: options.etag ?? "",
    signedBy: image.signedBy,
  });
}
