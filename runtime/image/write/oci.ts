// SPDX-License-Identifier: Apache-2.0
// Writes an OCI image (image-spec 1.1) as one tar of an OCI layout: one uncompressed layer, config, manifest, index.
import { createHash } from "node:crypto";
import { MEDIA_TYPES } from "../oci/media-types.ts";
import { headerBlocks, padding } from "../tar/writer.ts";
import { entryOf } from "./aci.ts";
import { archiveSize, type ImageOutput, type WriteContext, writeImageFile } from "./output.ts";
import type { ImageSpec } from "./spec.ts";
import { planTree, type TreeEntry } from "./tree.ts";

const EPOCH = "1970-01-01T00:00:00Z";

/** Answers the image's id, `sha256:<64 hex>`, the digest of its config. */
export async function writeOciLayout(
  spec: ImageSpec,
  path: string,
  context: WriteContext,
): Promise<string> {
  const tree = await planTree(spec, context.system);
  const layerBytes = archiveSize(tree);
  return writeImageFile(path, layerBytes, context, async (output) => {
    await output.writeEntry(inline("oci-layout", { imageLayoutVersion: "1.0.0" }));
    for (const directory of ["blobs", "blobs/sha256"]) {
      await output.writeEntry({
        entry: entryOf(directory, "directory", 0o755, 0),
        body: { kind: "none" },
      });
    }
    const layerDigest = await writeLayer(output, tree, layerBytes);
    const config = blob(imageConfig(spec, layerDigest));
    const manifest = blob({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      config: { mediaType: MEDIA_TYPES.ociConfig, ...config.descriptor },
      layers: [
        { mediaType: MEDIA_TYPES.ociLayer, digest: `sha256:${layerDigest}`, size: layerBytes },
      ],
      ...annotationsOf(spec),
    });
    await output.writeEntry(config.entry);
    await output.writeEntry(manifest.entry);
    await output.writeEntry(inline("index.json", index(spec, manifest.descriptor)));
    output.write(Buffer.alloc(1024));
    return config.descriptor.digest;
  });
}

/** The layer's name is its digest, known when it is written: its header is written last, into the place kept for it. */
async function writeLayer(
  output: ImageOutput,
  tree: readonly TreeEntry[],
  layerBytes: number,
): Promise<string> {
  const header = (hex: string) =>
    headerBlocks(entryOf(`blobs/sha256/${hex}`, "file", 0o644, layerBytes));
  const place = output.position;
  output.write(header("0".repeat(64)));
  output.restartHash("sha256");
  await output.writeArchive(tree);
  const digest = output.digest();
  output.write(padding(layerBytes));
  output.patch(header(digest), place);
  return digest;
}

function imageConfig(spec: ImageSpec, layerDigest: string): object {
  const { app } = spec;
  return {
    created: EPOCH,
    architecture: spec.arch,
    os: spec.os,
    config:
      app === undefined
        ? {}
        : {
            User: [app.user, app.group].filter((part) => part !== "").join(":"),
            ...keys(
              "ExposedPorts",
              app.ports.map(({ port, protocol }) => `${port}/${protocol}`),
            ),
            Env: app.environment.map(({ name, value }) => `${name}=${value}`),
            Entrypoint: app.entrypoint,
            ...(app.cmd.length === 0 ? {} : { Cmd: app.cmd }),
            ...keys("Volumes", [...app.volumes, ...app.mountPoints.map(({ path }) => path)]),
            WorkingDir: app.workingDirectory,
            ...(app.stopSignal === undefined ? {} : { StopSignal: app.stopSignal }),
          },
    rootfs: { type: "layers", diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created: EPOCH, created_by: "corefly image build" }],
  };
}

/** A set, as Docker's config has it: an object with empty objects. */
function keys(name: string, values: readonly string[]): object {
  return values.length === 0
    ? {}
    : { [name]: Object.fromEntries([...values].sort().map((value) => [value, {}])) };
}

function annotationsOf(spec: ImageSpec): object {
  return Object.keys(spec.annotations).length === 0 ? {} : { annotations: spec.annotations };
}

function index(spec: ImageSpec, manifest: { digest: string; size: number }): object {
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    manifests: [
      {
        mediaType: MEDIA_TYPES.ociManifest,
        ...manifest,
        annotations: {
          "io.containerd.image.name": `${spec.name}:${spec.version}`,
          "org.opencontainers.image.ref.name": spec.version,
        },
        platform: { architecture: spec.arch, os: spec.os },
      },
    ],
  };
}

function inline(path: string, value: object): TreeEntry {
  const bytes = Buffer.from(JSON.stringify(value));
  return { entry: entryOf(path, "file", 0o644, bytes.length), body: { kind: "bytes", bytes } };
}

function blob(value: object) {
  const bytes = Buffer.from(JSON.stringify(value));
  const hex = createHash("sha256").update(bytes).digest("hex");
  return {
    entry: inline(`blobs/sha256/${hex}`, value),
    descriptor: { digest: `sha256:${hex}`, size: bytes.length },
  };
}
