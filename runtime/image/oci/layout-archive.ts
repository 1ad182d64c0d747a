// SPDX-License-Identifier: Apache-2.0
// An OCI layout (image-spec "Image Layout") in one uncompressed tar: indexed once, its blobs read from where they lie.
import { InvalidArchiveError, NotFoundError } from "../../errors.ts";
import type { System } from "../../system/system.ts";
import type { BlobSource } from "../import-oci.ts";
import { indexTar } from "../write/tar-index.ts";
import type { TreeEntry } from "../write/tree.ts";
import { type OciIndex, parseManifest } from "./manifest.ts";

export interface Layout {
  readonly index: OciIndex;
  readonly blobs: BlobSource;
}

const MAX_INDEX_BYTES = 8 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

export async function readLayout(path: string, system: System): Promise<Layout> {
  const entries = new Map(
    (await indexTar(path, "", system)).map((item) => [item.entry.path, item]),
  );
  const indexFile = entries.get("index.json");
  if (!entries.has("oci-layout") || indexFile === undefined) {
    throw new InvalidArchiveError(
      `Cannot use image "${path}": it is neither an ACI nor an OCI layout`,
    );
  }
  if (indexFile.entry.sizeBytes > MAX_INDEX_BYTES) {
    throw new InvalidArchiveError(`Cannot use image "${path}": its index.json is too large`);
  }
  const parts: Buffer[] = [];
  for await (const part of open(indexFile, system)) {
    parts.push(part);
  }
  const parsed = parseManifest(Buffer.concat(parts).toString("utf8"), `index.json of "${path}"`);
  return {
    index: parsed.kind === "index" ? parsed : { kind: "index", manifests: [] },
    blobs: {
      open: ({ digest }) => {
        const blob = entries.get(`blobs/${digest.replace(":", "/")}`);
        if (blob === undefined) {
          throw new NotFoundError(`Cannot use image "${path}": it has no blob ${digest}`);
        }
        return open(blob, system);
      },
    },
  };
}

async function* open({ entry, body }: TreeEntry, system: System): AsyncIterable<Buffer> {
  if (body.kind !== "range" || entry.sizeBytes === 0) {
    return;
  }
  const range = { start: body.offset, end: body.offset + entry.sizeBytes - 1 };
  yield* system.files.createReadStream(body.file, { ...range, highWaterMark: READ_BYTES });
}
