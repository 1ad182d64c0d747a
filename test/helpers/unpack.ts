// SPDX-License-Identifier: Apache-2.0
// Images made of layers, for tests: put through the real importer from memory, then seen as a container would see them.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type BlobSource, importOci } from "../../runtime/image/import-oci.ts";
import type { Descriptor } from "../../runtime/image/oci/manifest.ts";
import { ImageStore } from "../../runtime/store/image-store.ts";
import type { ImageRecord } from "../../runtime/store/record.ts";
import { linuxSystem } from "../../runtime/system/linux.ts";
import { type TestEntry, writeTar } from "./tar.ts";

export const sha256 = (bytes: Buffer) =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export interface TestLayer {
  /** As it lies in the registry. */
  readonly blob: Buffer;
  /** Uncompressed. */
  readonly tar: Buffer;
  readonly mediaType: string;
}

export function plainLayer(entries: readonly TestEntry[]): TestLayer {
  const tar = writeTar(entries);
  return { blob: tar, tar, mediaType: "application/vnd.oci.image.layer.v1.tar" };
}

/** Config, manifest and blobs of an image of these layers, by digest. */
export function ociImage(layers: readonly TestLayer[], config: object = {}) {
  const blobs = new Map<string, Buffer>();
  const add = (bytes: Buffer, mediaType: string): Descriptor => {
    blobs.set(sha256(bytes), bytes);
    return { mediaType, digest: sha256(bytes), sizeBytes: bytes.length };
  };
  const configBytes = Buffer.from(
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      config: {},
      rootfs: { type: "layers", diff_ids: layers.map(({ tar }) => sha256(tar)) },
      ...config,
    }),
  );
  const configDescriptor = add(configBytes, "application/vnd.oci.image.config.v1+json");
  const descriptors = layers.map(({ blob, mediaType }) => add(blob, mediaType));
  const wire = ({ mediaType, digest, sizeBytes }: Descriptor) => ({
    mediaType,
    digest,
    size: sizeBytes,
  });
  const manifestText = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: wire(configDescriptor),
    layers: descriptors.map(wire),
  });
  return {
    blobs,
    manifestText,
    manifest: {
      kind: "manifest" as const,
      config: configDescriptor,
      layers: descriptors,
      annotations: {},
    },
  };
}

export async function importLayers(
  dataDir: string,
  layers: readonly TestLayer[],
): Promise<{ readonly image: ImageRecord; readonly store: ImageStore }> {
  const system = linuxSystem();
  const store = await ImageStore.open(dataDir, system);
  const { blobs, manifest } = ociImage(layers);
  const source: BlobSource = {
    async *open({ digest }) {
      const bytes = blobs.get(digest) ?? Buffer.alloc(0);
      for (let offset = 0; offset < bytes.length; offset += 1000) {
        yield bytes.subarray(offset, offset + 1000);
      }
    },
  };
  const named = {
    repoTags: ["t.test/i:1"],
    repoDigests: [],
    repository: "t.test/i",
    origin: "test",
    source: "test",
  };
  const image = await importOci({ manifest, ...named }, source, { store, system });
  return { image, store };
}

/** Runs a shell script in a mount namespace of its own where `$R` is the overlay of these directories. */
export function inOverlay(lowers: readonly string[], scratch: string, script: string): string {
  for (const name of ["upper", "work", "merged"]) {
    mkdirSync(join(scratch, name), { recursive: true });
  }
  const options = `lowerdir=${lowers.join(":")},upperdir=${scratch}/upper,workdir=${scratch}/work`;
  return execFileSync(
    "unshare",
    ["-m", "sh", "-ec", `mount -t overlay overlay -o "$OPTIONS" "$R"; cd "$R"; ${script}`],
    {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], OPTIONS: options, R: join(scratch, "merged"), LC_ALL: "C" },
    },
  );
}
