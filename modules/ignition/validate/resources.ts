// SPDX-License-Identifier: Apache-2.0
// Checks everything that has a source: contents, certificate authorities, key files, other configs.
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { IgnitionConfig, Resource } from "ignition-config-types";
import { decodeDataUrl } from "../data-url.ts";
import type { ConfigPath, Problem } from "../finding.ts";
import { remoteSchemes, schemeOf, shown, urlProblem } from "./urls.ts";

interface Place {
  readonly resource: Resource;
  readonly at: ConfigPath;
  /** Whether the place is nothing without a source. */
  readonly required: boolean;
}

export function* checkResources(config: IgnitionConfig): Generator<Problem> {
  for (const { resource, at, required } of placesOf(config)) {
    if (required && !resource.source) {
      yield { code: "ErrSourceRequired", path: at, text: "has no source" };
    }
    if (resource.source) yield* checkUrl(resource.source, at);
    yield* checkCompression(resource, at);
    yield* checkHash(resource, at);
    yield* checkHeaders(resource, at);
    yield* checkInline(resource, at);
  }
}

/** A header without a value only means something in a fragment: it removes the header of the config below it. */
export function* checkHeaderValues(config: IgnitionConfig): Generator<Problem> {
  for (const { resource, at } of placesOf(config)) {
    for (const [index, header] of (resource.httpHeaders ?? []).entries()) {
      if (header.value != null) continue;
      const path = [...at, "httpHeaders", index, "value"];
      yield { code: "ErrInvalidHTTPHeader", path, text: "is missing" };
    }
  }
}

function* placesOf({ ignition, storage }: IgnitionConfig): Generator<Place> {
  const { merge = [], replace } = ignition.config ?? {};
  for (const [index, resource] of merge.entries()) {
    yield { resource, at: ["ignition", "config", "merge", index], required: true };
  }
  if (replace) yield { resource: replace, at: ["ignition", "config", "replace"], required: false };
  const authorities = ignition.security?.tls?.certificateAuthorities ?? [];
  for (const [index, resource] of authorities.entries()) {
    const at = ["ignition", "security", "tls", "certificateAuthorities", index];
    yield { resource, at, required: true };
  }
  for (const [index, { contents, append = [] }] of (storage?.files ?? []).entries()) {
    const at = ["storage", "files", index];
    if (contents) yield { resource: contents, at: [...at, "contents"], required: false };
    for (const [position, resource] of append.entries()) {
      yield { resource, at: [...at, "append", position], required: true };
    }
  }
  for (const [index, { keyFile }] of (storage?.luks ?? []).entries()) {
    const at = ["storage", "luks", index, "keyFile"];
    if (keyFile) yield { resource: keyFile, at, required: false };
  }
}

function* checkUrl(source: string, at: ConfigPath): Generator<Problem> {
  const problem = urlProblem(source);
  if (problem !== undefined) yield { ...problem, path: [...at, "source"] };
}

function* checkCompression({ compression }: Resource, at: ConfigPath): Generator<Problem> {
  if (compression == null || compression === "" || compression === "gzip") return;
  const text = `is "${compression}", expected gzip`;
  yield { code: "ErrCompressionInvalid", path: [...at, "compression"], text };
}

const digestLengths: Readonly<Record<string, number>> = { sha512: 128, sha256: 64 };

function* checkHash({ source, verification }: Resource, at: ConfigPath): Generator<Problem> {
  const path = [...at, "verification", "hash"];
  const hash = verification?.hash;
  if (hash == null) {
    yield* checkRemote(source, hash, path);
    return;
  }
  if (source == null) {
    yield { code: "ErrVerificationAndNilSource", path, text: "is of nothing: there is no source" };
  }
  const dash = hash.indexOf("-");
  const [name, digest] = [hash.slice(0, dash), hash.slice(dash + 1)];
  const length = Object.hasOwn(digestLengths, name) ? digestLengths[name] : undefined;
  if (dash === -1) {
    const text = `is ${shown(hash)}, expected sha512-<128 hexadecimal digits>`;
    yield { code: "ErrHashMalformed", path, text };
  } else if (length === undefined) {
    yield { code: "ErrHashUnrecognized", path, text: `is of ${shown(name)}, expected sha512` };
  } else if (Buffer.byteLength(digest) !== length) {
    const text = `has ${digest.length} digits, expected ${length} for ${name}`;
    yield { code: "ErrHashWrongSize", path, text };
  } else if (!/^[0-9a-f]+$/.test(digest)) {
    const text = "has characters other than 0-9 and a-f";
    yield { code: "IllegalDigest", path, text };
  } else {
    yield* checkRemote(source, name, path);
  }
}

function* checkRemote(
  source: string | null | undefined,
  hashName: string | null | undefined,
  path: ConfigPath,
): Generator<Problem> {
  const scheme = source ? schemeOf(source) : undefined;
  if (!remoteSchemes.some((remote) => remote === scheme) || hashName === "sha512") return;
  const found = hashName == null ? "is missing" : `is ${hashName}`;
  const text = `${found}, expected sha512 for ${shown(source ?? "")}, which comes from the network`;
  yield { code: "RemoteSourceWithoutHash", path, text };
}

function* checkHeaders({ source, httpHeaders = [] }: Resource, at: ConfigPath): Generator<Problem> {
  const path = [...at, "httpHeaders"];
  for (const [index, { name, value }] of httpHeaders.entries()) {
    if (name === "") {
      const place = [...path, index, "name"];
      yield { code: "ErrEmptyHTTPHeaderName", path: place, text: "is missing" };
    }
    if (value !== "") continue;
    yield { code: "ErrInvalidHTTPHeader", path: [...path, index, "value"], text: "is empty" };
  }
  if (httpHeaders.length === 0) return;
  if (!source) {
    yield { code: "ErrInvalidUrl", path, text: "are of nothing: there is no source" };
  } else if (urlProblem(source)?.code === "ErrInvalidUrl") {
    yield { code: "ErrInvalidUrl", path, text: "are of a source that is no URL" };
  } else if (!/^https?:/i.test(source)) {
    const text = `are for http and https, not for ${shown(source)}`;
    yield { code: "ErrUnsupportedSchemeForHTTPHeaders", path, text };
  }
}

/** What is inline is already here: look whether it is what it is said to be. */
function* checkInline(resource: Resource, at: ConfigPath): Generator<Problem> {
  const data = resource.source ? decodeDataUrl(resource.source) : undefined;
  if (data === undefined) return;
  const plain = resource.compression === "gzip" ? gunzip(data) : data;
  if (plain === undefined) {
    const text = `is not gzip data, or more than ${unpackedLimitBytes >> 20} MiB of it`;
    yield { code: "InvalidGzip", path: [...at, "source"], text };
    return;
  }
  const [, name = "", digest = ""] =
    /^(sha512|sha256)-([0-9a-f]+)$/.exec(resource.verification?.hash ?? "") ?? [];
  if (digest.length !== digestLengths[name]) return;
  const actual = createHash(name).update(plain).digest("hex");
  if (actual === digest) return;
  const text = `is ${name}-${digest.slice(0, 12)}…, but the data has ${actual.slice(0, 12)}…`;
  yield { code: "HashMismatch", path: [...at, "verification", "hash"], text };
}

/** Larger than any file that belongs into a config; a bomb stops here. */
const unpackedLimitBytes = 64 << 20;

function gunzip(data: Uint8Array): Uint8Array | undefined {
  try {
    return gunzipSync(data, { maxOutputLength: unpackedLimitBytes });
  } catch {
    return undefined;
  }
}
