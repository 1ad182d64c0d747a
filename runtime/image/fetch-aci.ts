// SPDX-License-Identifier: Apache-2.0
// Fetches an ACI: its signature first, then the image, both from the same kind of place. Nothing is fetched of an image that
// has no signature.
import { NotFoundError, TrustError, UnsupportedError, UsageError } from "../errors.ts";
import type { ImageRecord } from "../store/record.ts";
import { isMissing } from "../system/files.ts";
import { type DetachedSignature, parseDetachedSignature } from "../trust/signature.ts";
import type { AppcDependency, AppcManifest } from "./appc/manifest.ts";
import { type AppcReference, appcArchitecture } from "./appc/name.ts";
import type { FetchContext } from "./fetch-options.ts";
import { importAci } from "./import-aci.ts";
import { discover, fillTemplate } from "./net/discovery.ts";
import { parseUrl, readBody, show, statusError } from "./net/http.ts";
import { mirrored, mirrorFor } from "./net/settings.ts";
import { sourceDigest } from "./source-digest.ts";

/** A signature has a few hundred bytes; a server that sends more sends something else. */
const MAX_SIGNATURE_BYTES = 256 * 1024;

type Check = (manifest: AppcManifest) => void;

/** From a file of this machine, always anew. The signature is beside it, unless it was given. */
export async function importAciFile(path: string, context: FetchContext): Promise<ImageRecord> {
  const { options, keystore } = context;
  const { files } = options.system;
  const stats = await files.stat(path).catch((cause: unknown) => {
    throw isMissing(cause)
      ? new NotFoundError(`Cannot fetch image: no file "${path}"`, { cause })
      : cause;
  });
  if (!stats.isFile()) {
    throw new UsageError(`Cannot fetch image: "${path}" is no file`);
  }
  const signature = await signatureOf(`"${path}"`, options.signature ?? `${path}.asc`, context);
  return importAci(files.openRead(path), {
    ...options,
    origin: `"${path}"`,
    source: path,
    totalBytes: stats.size,
    verify: signature === undefined ? undefined : { signature, keystore },
    fetchDependency: dependencyFetcher(context),
  });
}

/** From a URL. With a record of an earlier fetch that was verified, only when the server has another version. */
export async function fetchAciUrl(
  url: URL,
  known: ImageRecord | undefined,
  check: Check | undefined,
  context: FetchContext,
): Promise<ImageRecord> {
  const { options, keystore, web } = context;
  const origin = `"${show(url)}"`;
  const signature = await signatureOf(origin, options.signature ?? signatureUrl(url), context);
  const isReusable =
    known !== undefined && known.etag !== "" && (signature === undefined || known.signedBy !== "");
  const response = await web.open(url, {
    headers: isReusable ? { "if-none-match": known.etag } : {},
  });
  if (isReusable && response.status === 304) {
    response.discard();
    return known;
  }
  if (response.status !== 200) {
    throw response.status === 404
      ? new NotFoundError(
          `Cannot fetch image ${origin}: the server does not have it (HTTP status 404)`,
        )
      : statusError(response, `image ${origin}`);
  }
  return importAci(response.body, {
    ...options,
    origin,
    source: show(url),
    sourceDigest: sourceDigest(url),
    totalBytes: response.sizeBytes,
    etag: response.header("etag"),
    verify: signature === undefined ? undefined : { signature, keystore },
    ...(check === undefined ? {} : { check }),
    fetchDependency: dependencyFetcher(context),
  });
}

/** Where the ACI of a name is: stated by a mirror, or discovered. Also what it has to turn out to be. */
export async function locateAci(
  reference: AppcReference,
  context: FetchContext,
): Promise<{ readonly url: URL; readonly check: Check }> {
  const { web, machine } = context;
  const values = {
    version: "latest",
    os: machine.os,
    arch: appcArchitecture(machine.architecture),
    ...reference.labels,
    name: reference.name,
    ext: "aci",
  };
  const mirror = mirrorFor(reference.name, web.settings.mirrors);
  const templates =
    mirror?.aci === undefined ? await discover(reference.name, "ac-discovery", web) : [mirror.aci];
  const [filled] = templates.flatMap((template) => fillTemplate(template, values) ?? []);
  if (filled === undefined) {
    throw new NotFoundError(
      `Cannot discover image "${reference.name}": no template can be filled (${templates.join(", ")})`,
    );
  }
  return { url: viaMirror(parseUrl(filled), context), check: checkAgainst(reference) };
}

/** undefined only when the user said that images need no signature. */
async function signatureOf(
  image: string,
  place: string,
  context: FetchContext,
): Promise<DetachedSignature | undefined> {
  if (context.options.insecure.has("image")) {
    return undefined;
  }
  const bytes = /^https?:\/\//.test(place)
    ? await fetchSignature(image, parseUrl(place), context)
    : await readSignatureFile(image, place, context);
  return parseDetachedSignature(bytes, `"${place}"`);
}

async function fetchSignature(image: string, url: URL, { web }: FetchContext): Promise<Buffer> {
  const response = await web.open(url);
  if (response.status === 202) {
    response.discard();
    throw new UnsupportedError(`Cannot verify image ${image}: the server defers its signature`);
  }
  if (response.status !== 200) {
    response.discard();
    throw new TrustError(
      `Cannot verify image ${image}: no signature at "${show(url)}" (HTTP status ${response.status})`,
    );
  }
  return readBody(response, MAX_SIGNATURE_BYTES);
}

async function readSignatureFile(
  image: string,
  path: string,
  { options }: FetchContext,
): Promise<Buffer> {
  const { files } = options.system;
  try {
    if ((await files.stat(path)).size > MAX_SIGNATURE_BYTES) {
      throw new TrustError(`Cannot verify image ${image}: "${path}" is too large for a signature`);
    }
    return await files.readFile(path);
  } catch (cause) {
    throw isMissing(cause)
      ? new TrustError(`Cannot verify image ${image}: no signature at "${path}"`)
      : cause;
  }
}

function signatureUrl(url: URL): string {
  const signature = new URL(url);
  signature.pathname = `${url.pathname}.asc`;
  return signature.href;
}

function viaMirror(url: URL, { web }: FetchContext): URL {
  const name = `${url.host}${url.pathname}`;
  const mirror = mirrorFor(name, web.settings.mirrors);
  return mirror === undefined ? url : mirrored(name, mirror);
}

function checkAgainst({ name, labels }: AppcReference): Check {
  return (manifest) => {
    if (manifest.name !== name) {
      throw new TrustError(
        `Cannot use image "${name}": the image that was found is "${manifest.name}"`,
      );
    }
    for (const [label, wanted] of Object.entries(labels)) {
      const found = manifest.labels[label];
      if (found === undefined) {
        throw new TrustError(
          `Cannot use image "${name}": requested label "${label}" not provided by the image manifest`,
        );
      }
      if (found !== wanted && !(label === "version" && wanted === "latest")) {
        throw new TrustError(
          `Cannot use image "${name}": requested value for label "${label}": "${wanted}" differs from fetched aci label value: "${found}"`,
        );
      }
    }
  };
}

function dependencyFetcher({ fetchByName }: FetchContext) {
  return async ({ imageName, imageId, labels }: AppcDependency): Promise<ImageRecord> => {
    const text = [imageName, ...Object.entries(labels).map(([name, value]) => `${name}=${value}`)];
    const image = await fetchByName(text.join(","));
    if (imageId !== undefined && !image.id.startsWith(imageId)) {
      throw new TrustError(
        `Cannot use image "${imageName}": the dependency has id ${image.id}, the manifest wants ${imageId}`,
      );
    }
    return image;
  };
}
