// SPDX-License-Identifier: Apache-2.0
// Finds what a route names: a part of a file, or bytes, with the headers that belong to it.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type MirrorConfig, parseReference } from "./config.ts";
import { type OciLayout, type OciObject, openLayout } from "./oci-layout.ts";
import type { Route } from "./routes.ts";

/** An answer with a body. */
export interface Content {
  readonly body:
    | { readonly kind: "bytes"; readonly bytes: Buffer }
    | { readonly kind: "file"; readonly path: string; readonly offset: number };
  readonly sizeBytes: number;
  readonly headers: Readonly<Record<string, string>>;
  /** sha512 of a whole file, which is checked while it is served. */
  readonly sha512?: string;
}

/** An answer that there is no such thing; `code` is that of the OCI distribution spec. */
export interface Missing {
  readonly status: 404;
  readonly code: "NAME_UNKNOWN" | "MANIFEST_UNKNOWN" | "BLOB_UNKNOWN" | "NOT_FOUND";
  readonly message: string;
}

/** What a mirror can serve. */
export class Catalogue {
  readonly #config: MirrorConfig;
  readonly #digests: ReadonlySet<string>;
  readonly #repositories: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly #layouts = new Map<string, Promise<OciLayout>>();

  constructor(config: MirrorConfig) {
    this.#config = config;
    const blobs = Object.values(config.files).flatMap((file) =>
      file.kind === "blob" ? [file.sha512] : [],
    );
    this.#digests = new Set([...blobs, ...Object.values(config.images)]);
    const repositories = new Map<string, Map<string, string>>();
    for (const [reference, sha512] of Object.entries(config.images)) {
      const parsed = parseReference(reference);
      if (parsed === undefined) continue;
      const tags = repositories.get(parsed.repository) ?? new Map<string, string>();
      repositories.set(parsed.repository, tags.set(parsed.tag, sha512));
    }
    this.#repositories = repositories;
  }

  /** Throws if a file is damaged or gone from the cache. */
  async find(route: Route): Promise<Content | Missing> {
    switch (route.kind) {
      case "digest":
        return this.#digests.has(route.sha512)
          ? this.#blob(route.sha512)
          : missing("NOT_FOUND", "No file of this mirror has this digest");
      case "file":
        return this.#file(route.path);
      case "registry":
        return json({});
      case "tags":
        return this.#tags(route.repository);
      case "manifest":
        return this.#manifest(route.repository, route.reference);
      case "blob":
        return this.#ociBlob(route.repository, route.digest);
      case "none":
        return missing("NOT_FOUND", "There is nothing at this path");
    }
  }

  async #file(path: string): Promise<Content | Missing> {
    const file = Object.hasOwn(this.#config.files, path) ? this.#config.files[path] : undefined;
    if (file === undefined) return missing("NOT_FOUND", "There is nothing at this path");
    if (file.kind === "blob") return this.#blob(file.sha512);
    const bytes = Buffer.from(file.text);
    const headers = { "content-type": "text/plain; charset=utf-8" };
    return { body: { kind: "bytes", bytes }, sizeBytes: bytes.length, headers };
  }

  async #blob(sha512: string): Promise<Content> {
    const path = this.#path(sha512);
    const { size } = await stat(path);
    return {
      body: { kind: "file", path, offset: 0 },
      sizeBytes: size,
      headers: { "content-type": "application/octet-stream", etag: `"sha512-${sha512}"` },
      sha512,
    };
  }

  #tags(repository: string): Content | Missing {
    const tags = this.#repositories.get(repository);
    if (tags === undefined) return unknownRepository();
    return json({ name: repository, tags: [...tags.keys()].sort() });
  }

  async #manifest(repository: string, reference: string): Promise<Content | Missing> {
    const tags = this.#repositories.get(repository);
    if (tags === undefined) return unknownRepository();
    if (!reference.includes(":")) {
      const sha512 = tags.get(reference);
      if (sha512 === undefined)
        return missing("MANIFEST_UNKNOWN", "The repository has no such tag");
      const layout = await this.#layout(sha512);
      return ociContent(layout, layout.top);
    }
    for (const sha512 of new Set(tags.values())) {
      const layout = await this.#layout(sha512);
      const found = layout.manifests.get(reference);
      if (found !== undefined) return ociContent(layout, found);
    }
    return missing("MANIFEST_UNKNOWN", "The repository has no such manifest");
  }

  async #ociBlob(repository: string, digest: string): Promise<Content | Missing> {
    const tags = this.#repositories.get(repository);
    if (tags === undefined) return unknownRepository();
    for (const sha512 of new Set(tags.values())) {
      const layout = await this.#layout(sha512);
      const found = layout.blobs.get(digest) ?? layout.manifests.get(digest);
      if (found !== undefined) return ociContent(layout, found);
    }
    return missing("BLOB_UNKNOWN", "The repository has no such blob");
  }

  #layout(sha512: string): Promise<OciLayout> {
    const known = this.#layouts.get(sha512);
    if (known !== undefined) return known;
    const opened = openLayout(this.#path(sha512));
    this.#layouts.set(sha512, opened);
    // One that is not there yet, or damaged, is tried again by the next request.
    opened.catch(() => this.#layouts.delete(sha512));
    return opened;
  }

  #path(sha512: string): string {
    return join(this.#config.blobs, sha512);
  }
}

function ociContent(layout: OciLayout, object: OciObject): Content {
  return {
    body: { kind: "file", path: layout.path, offset: object.offset },
    sizeBytes: object.sizeBytes,
    headers: {
      "content-type": object.mediaType ?? "application/octet-stream",
      "docker-content-digest": object.digest,
      etag: `"${object.digest}"`,
    },
  };
}

function json(value: unknown): Content {
  const bytes = Buffer.from(JSON.stringify(value));
  const headers = { "content-type": "application/json" };
  return { body: { kind: "bytes", bytes }, sizeBytes: bytes.length, headers };
}

function unknownRepository(): Missing {
  return missing("NAME_UNKNOWN", "This mirror has no such repository");
}

function missing(code: Missing["code"], message: string): Missing {
  return { status: 404, code, message };
}
