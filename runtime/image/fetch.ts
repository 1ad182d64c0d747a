// SPDX-License-Identifier: Apache-2.0
// Gets an image into the store: for the verbs fetch and run, and for the CRI server's PullImage.
import { resolve } from "node:path";
import { NotFoundError } from "../errors.ts";
import type { ImageRecord, StoredImage } from "../store/record.ts";
import { fetchAciUrl, importAciFile, locateAci } from "./fetch-aci.ts";
import { fetchOci, importLayout } from "./fetch-oci.ts";
import { type FetchContext, type FetchOptions, fetchContext } from "./fetch-options.ts";
import { type ImageSource, parseImageSource } from "./image-source.ts";
import { show } from "./net/http.ts";
import { parseOciReference } from "./oci/reference.ts";
import { isFrom } from "./source-digest.ts";

export type { FetchConfig, FetchOptions, PullPolicy } from "./fetch-options.ts";

/** Of ACIs that depend on ACIs. */
const MAX_DEPTH = 10;

/**
 * `reference` as users of rkt write it (see image-source.ts). Whatever fails, the store stays as it was; layers that were
 * complete and verified stay for the next try. Throws TrustError, NotFoundError, NetworkError, DigestMismatchError,
 * InvalidArchiveError, InvalidManifestError, UnsupportedError, UsageError, or the reason of `signal`.
 */
export async function fetchImage(reference: string, options: FetchOptions): Promise<StoredImage> {
  return fetchAt(reference, options, 0);
}

/** As fetchImage, but `reference` is an OCI reference, also where it could be an appc name: what CRI clients send. */
export async function fetchOciImage(
  reference: string,
  options: FetchOptions,
): Promise<StoredImage> {
  const context = await fetchContext(options, refuseDependency);
  return fetchFrom(
    { kind: "oci", reference: parseOciReference(reference), text: reference },
    context,
  );
}

async function fetchAt(
  reference: string,
  options: FetchOptions,
  depth: number,
): Promise<ImageRecord> {
  if (depth > MAX_DEPTH) {
    throw new NotFoundError(
      `Cannot fetch image "${reference}": dependencies of more than ${MAX_DEPTH} levels`,
    );
  }
  const { system, cwd = "/" } = options;
  const isFile = (path: string) =>
    system.files.statSync(resolve(cwd, path), { throwIfNoEntry: false })?.isFile() === true;
  const source = parseImageSource(reference, isFile);
  const context = await fetchContext(options, (text) =>
    fetchAt(text, { ...options, signature: undefined }, depth + 1),
  );
  // What lies below a verified image is part of it: what the store has under that name may have come unverified.
  const wantsSigned = depth > 0 && !options.insecure.has("image");
  return fetchFrom(source, context, (known) => !wantsSigned || known.signedBy !== "");
}

async function fetchFrom(
  source: ImageSource,
  context: FetchContext,
  isUsable: (known: ImageRecord) => boolean = () => true,
): Promise<ImageRecord> {
  const { options } = context;
  const { store, pullPolicy, cwd = "/" } = options;
  if (source.kind === "id") {
    return store.record(source.id);
  }
  if (source.kind === "file") {
    return importFile(resolve(cwd, source.path), context);
  }
  const stored = await inStore(source, context);
  const known = stored !== undefined && isUsable(stored) ? stored : undefined;
  if (known !== undefined && pullPolicy !== "update") {
    return known;
  }
  if (pullPolicy === "never") {
    throw new NotFoundError(
      `Cannot fetch image "${nameOf(source)}": it is not in the store${stored === undefined ? "" : " with a verified signature"} and fetching is disabled (pull policy never)`,
    );
  }
  switch (source.kind) {
    case "url":
      return fetchAciUrl(source.url, known, undefined, context);
    case "appc": {
      const { url, check } = await locateAci(source.reference, context);
      return fetchAciUrl(url, known, check, context);
    }
    case "oci":
      return fetchOci(source.reference, context);
  }
}

/** An ACI or an archive of an OCI layout: the first bytes of the tar say which. */
async function importFile(path: string, context: FetchContext): Promise<ImageRecord> {
  return (await isLayout(path, context))
    ? importLayout(path, context)
    : importAciFile(path, context);
}

async function isLayout(path: string, { options }: FetchContext): Promise<boolean> {
  const { files } = options.system;
  if (files.statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    return false;
  }
  const fd = files.openSync(path, "r");
  try {
    const start = Buffer.alloc(64);
    files.readSync(fd, start, 0, start.length, 0);
    return /^(\.\/)?(oci-layout|index\.json|blobs\/)/.test(start.toString("latin1"));
  } finally {
    files.closeSync(fd);
  }
}

async function inStore(
  source: Exclude<ImageSource, { kind: "id" | "file" }>,
  { options: { store } }: FetchContext,
): Promise<ImageRecord | undefined> {
  if (source.kind !== "url") {
    const found = await store.find(source.text);
    return found === undefined ? undefined : store.record(found.id);
  }
  const ids = (await store.list()).map(({ id }) => id);
  const records = await Promise.all(ids.map((id) => store.record(id)));
  return records.findLast((record) => isFrom(source.url, record));
}

function nameOf(source: Exclude<ImageSource, { kind: "id" | "file" }>): string {
  return source.kind === "url" ? show(source.url) : source.text;
}

function refuseDependency(text: string): Promise<never> {
  throw new NotFoundError(`Cannot fetch "${text}": OCI images have no dependencies`);
}
