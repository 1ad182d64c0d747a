// SPDX-License-Identifier: Apache-2.0
// Fetches an OCI image from its registry, or takes it from an archive of an OCI layout.
import { InvalidManifestError, UnsupportedError } from "../errors.ts";
import type { ImageRecord } from "../store/record.ts";
import type { FetchContext } from "./fetch-options.ts";
import { type BlobSource, importOci, readBlob } from "./import-oci.ts";
import { readLayout } from "./oci/layout-archive.ts";
import { choosePlatform, type OciManifest, parseManifest } from "./oci/manifest.ts";
import type { OciReference } from "./oci/reference.ts";
import { openRepository } from "./oci/registry.ts";

const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;

/** A reference with tag and digest is fetched by the digest, and known by that alone: nobody looked whether the tag is it. */
export async function fetchOci(
  reference: OciReference,
  context: FetchContext,
): Promise<ImageRecord> {
  const { options, web } = context;
  refuseUnverified(reference.repository, context);
  const { repository, digest, tag } = reference;
  const origin = `"${repository}${digest === undefined ? `:${tag ?? ""}` : `@${digest}`}"`;
  const source = await openRepository(reference, web, options.auth);
  const top = await source.manifest(digest ?? tag ?? "latest");
  const parsed = parseManifest(top.text, `manifest of ${origin}`);
  const manifest =
    parsed.kind === "manifest"
      ? parsed
      : inner(
          (await source.manifest(choosePlatform(parsed, context.machine, `image ${origin}`).digest))
            .text,
          origin,
        );
  const image = {
    manifest,
    origin,
    source: `docker://${origin.slice(1, -1)}`,
    repository,
    repoTags: digest === undefined ? [`${repository}:${tag ?? ""}`] : [],
    repoDigests: [`${repository}@${top.digest}`],
  };
  return importOci(image, source, options);
}

/** `path`: one tar of an OCI layout, as `image build --format=oci` writes it. */
export async function importLayout(path: string, context: FetchContext): Promise<ImageRecord> {
  const { options } = context;
  refuseUnverified(path, context);
  const layout = await readLayout(path, options.system);
  const chosen = choosePlatform(layout.index, context.machine, `image "${path}"`);
  const text = await manifestText(layout.blobs, chosen, path);
  const name = chosen.annotations["io.containerd.image.name"] ?? "";
  const repository = name.replace(/:[^:/]*$/, "");
  const image = {
    manifest: inner(text, `"${path}"`),
    origin: `"${path}"`,
    source: path,
    repository,
    repoTags: name === "" ? [] : [name],
    repoDigests: name === "" ? [] : [`${repository}@${chosen.digest}`],
  };
  return importOci(image, layout.blobs, options);
}

async function manifestText(
  blobs: BlobSource,
  descriptor: Parameters<BlobSource["open"]>[0],
  path: string,
): Promise<string> {
  const bytes = await readBlob(blobs, descriptor, `manifest of "${path}"`, MAX_MANIFEST_BYTES);
  return bytes.toString("utf8");
}

function inner(text: string, origin: string): OciManifest {
  const parsed = parseManifest(text, `manifest of ${origin}`);
  if (parsed.kind === "index") {
    throw new InvalidManifestError(`Cannot use ${origin}: its index leads to another index`);
  }
  return parsed;
}

function refuseUnverified(name: string, { options }: FetchContext): void {
  if (!options.insecure.has("image")) {
    throw new UnsupportedError(
      `Cannot fetch image "${name}": signature verification for OCI images is not supported yet (try --insecure-options=image)`,
    );
  }
}
