// SPDX-License-Identifier: Apache-2.0
// Writes an ACI (appc spec 0.8.11, "App Container Image"): one uncompressed tar with `manifest` and `rootfs/`. Its id is the
// sha512 of the file.
import { appcArchitecture } from "../appc/name.ts";
import { bytesOf, PLAIN_ENTRY, type TarEntry } from "../tar/entry.ts";
import { archiveSize, type WriteContext, writeImageFile } from "./output.ts";
import type { ImageSpec } from "./spec.ts";
import { planTree, type TreeEntry } from "./tree.ts";

const APPC_VERSION = "0.8.11";

/** Answers the image's id, `sha512-<128 hex>`. */
export async function writeAci(
  spec: ImageSpec,
  path: string,
  context: WriteContext,
): Promise<string> {
  const tree = await planTree(spec, context.system);
  const manifest = Buffer.from(JSON.stringify(aciManifest(spec)));
  const entries: readonly TreeEntry[] = [
    {
      entry: entryOf("manifest", "file", 0o644, manifest.length),
      body: { kind: "bytes", bytes: manifest },
    },
    { entry: entryOf("rootfs", "directory", 0o755, 0), body: { kind: "none" } },
    ...tree.map(({ entry, body }) => ({ entry: below(entry), body })),
  ];
  return writeImageFile(path, archiveSize(entries), context, async (output) => {
    output.restartHash("sha512");
    await output.writeArchive(entries);
    return `sha512-${output.digest()}`;
  });
}

/** The image manifest of a description: always the same text for the same description. */
export function aciManifest(spec: ImageSpec): object {
  const { app } = spec;
  return {
    acKind: "ImageManifest",
    acVersion: APPC_VERSION,
    name: spec.name,
    labels: pairs({ version: spec.version, os: spec.os, arch: appcArchitecture(spec.arch) }),
    ...(app === undefined
      ? {}
      : {
          app: {
            exec: [...app.entrypoint, ...app.cmd],
            user: app.user || "0",
            group: app.group || "0",
            ...(app.supplementaryGroups.length === 0
              ? {}
              : { supplementaryGIDs: app.supplementaryGroups }),
            workingDirectory: app.workingDirectory,
            environment: app.environment,
            mountPoints: [
              ...app.mountPoints,
              ...app.volumes.map((volume) => ({
                name: volumeName(volume),
                path: volume,
                readOnly: false,
              })),
            ],
            ports: app.ports,
          },
        }),
    annotations: pairs(spec.annotations),
  };
}

function pairs(values: Readonly<Record<string, string>>) {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function volumeName(path: string): string {
  return `volume${path.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`.replace(/-+$/, "");
}

function below(entry: TarEntry): TarEntry {
  const linkTarget = entry.kind === "hardlink" ? `rootfs/${entry.linkTarget}` : entry.linkTarget;
  return { ...entry, path: `rootfs/${entry.path}`, linkTarget };
}

/** A plain entry that belongs to root, dated 1970. */
export function entryOf(
  path: string,
  kind: "file" | "directory",
  mode: number,
  sizeBytes: number,
): TarEntry {
  return { ...PLAIN_ENTRY, path: bytesOf(path), kind, mode, sizeBytes };
}
