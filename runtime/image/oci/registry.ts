// SPDX-License-Identifier: Apache-2.0
// A repository of a registry, read through the OCI distribution API (distribution-spec 1.1, pull).
import { createHash } from "node:crypto";
import { DigestMismatchError, NetworkError, NotFoundError } from "../../errors.ts";
import type { BlobSource } from "../import-oci.ts";
import { isLoopback, readBody, statusError } from "../net/http.ts";
import { dockerHost, mirrored, mirrorFor } from "../net/settings.ts";
import type { Web } from "../net/web.ts";
import type { Descriptor } from "./manifest.ts";
import { MEDIA_TYPES } from "./media-types.ts";
import type { OciReference } from "./reference.ts";
import { Authorizer, type RegistryAuth } from "./registry-auth.ts";

const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;
const ACCEPT = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerIndex,
  MEDIA_TYPES.dockerManifest,
].join(", ");

export interface FetchedManifest {
  readonly text: string;
  /** sha256 of the bytes, or the digest that was asked for. */
  readonly digest: string;
}

export class Repository implements BlobSource {
  /** `scheme://host[:port]`. */
  readonly #base: string;
  readonly #path: string;
  readonly #web: Web;
  readonly #authorizer: Authorizer;
  readonly #name: string;

  constructor(base: URL, name: string, web: Web, auth: RegistryAuth | undefined) {
    this.#base = base.origin;
    this.#path = base.pathname.replace(/^\/|\/$/g, "");
    this.#name = name;
    this.#web = web;
    this.#authorizer = new Authorizer(this.#path, web, auth);
  }

  /** `reference` is a tag or a digest; bytes that do not have the digest are refused. Throws NotFoundError. */
  async manifest(reference: string): Promise<FetchedManifest> {
    const what = `manifest "${reference}" of "${this.#name}"`;
    const response = await this.#open(`manifests/${reference}`, { accept: ACCEPT });
    if (response.status === 404) {
      response.discard();
      throw new NotFoundError(`Cannot fetch ${what}: the registry does not have it`);
    }
    if (response.status !== 200) {
      throw statusError(response, what);
    }
    const bytes = await readBody(response, MAX_MANIFEST_BYTES);
    const algorithm = reference.startsWith("sha512:") ? "sha512" : "sha256";
    const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
    if (/^sha(256|512):/.test(reference) && digest !== reference) {
      throw new DigestMismatchError(`Cannot use ${what}: its bytes have digest ${digest}`);
    }
    return { text: bytes.toString("utf8"), digest };
  }

  async *open(blob: Descriptor): AsyncIterable<Buffer> {
    const response = await this.#open(`blobs/${blob.digest}`, {});
    if (response.status !== 200) {
      throw statusError(response, `blob ${blob.digest} of "${this.#name}"`);
    }
    yield* response.body;
  }

  async #open(path: string, headers: Readonly<Record<string, string>>) {
    const url = new URL(`${this.#base}/v2/${this.#path}/${path}`);
    const authorization = this.#authorizer.current(url);
    const response = await this.#web.open(url, { headers, authorization });
    if (response.status !== 401 || response.url.origin !== url.origin) {
      return response;
    }
    const challenge = response.header("www-authenticate");
    response.discard();
    const answer = await this.#authorizer.answer(url, challenge);
    const second = await this.#web.open(url, { headers, authorization: answer });
    if (second.status === 401 || second.status === 403) {
      second.discard();
      throw new NetworkError(
        `Cannot fetch from "${this.#name}": the registry wants other credentials (HTTP status ${second.status})`,
      );
    }
    return second;
  }
}

/**
 * Where a reference is fetched from: a mirror of registries.d, else the registry over https; over http when the host is this
 * machine. With --insecure-options=http a registry that does not speak TLS is asked over http.
 */
export async function openRepository(
  reference: OciReference,
  web: Web,
  auth: RegistryAuth | undefined,
): Promise<Repository> {
  const { repository } = reference;
  const mirror = mirrorFor(repository, web.settings.mirrors);
  if (mirror !== undefined) {
    // Credentials are the registry's: the mirror has its own, in auth.d.
    return new Repository(mirrored(repository, mirror), repository, web, undefined);
  }
  const host = dockerHost(reference.host);
  const isPlain = isLoopback(host) || (web.allowsHttp && !(await speaksTls(host, web)));
  const base = new URL(`${isPlain ? "http" : "https"}://${host}/${reference.path}`);
  return new Repository(base, repository, web, auth);
}

async function speaksTls(host: string, web: Web): Promise<boolean> {
  try {
    (await web.open(new URL(`https://${host}/v2/`))).discard();
    return true;
  } catch (error) {
    web.signal?.throwIfAborted();
    if (error instanceof NetworkError) {
      return false;
    }
    throw error;
  }
}
