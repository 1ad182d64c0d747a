// SPDX-License-Identifier: Apache-2.0
// Released artefacts, fetched by digest instead of built. A release is a folder on a web server with `sha512/<digest>`
// files; it needs no trust, because each file is what the lock says or is refused.

import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { LockedArtifact } from "../../artifacts/lock.ts";
import { ArtifactError } from "./artifact-error.ts";
import { megabytes } from "./duration.ts";

export interface ReleaseOptions {
  readonly signal?: AbortSignal | undefined;
  progress(message: string): void;
}

const PROGRESS_INTERVAL_MS = 1_000;

/** The address of an artefact of a release. */
export function releaseAddress(releaseUrl: string, sha512: string): URL {
  if (!URL.canParse(releaseUrl) || !/^https?:$/.test(new URL(releaseUrl).protocol)) {
    throw new ArtifactError(`the release's address "${releaseUrl}" is no http or https URL`);
  }
  return new URL(`sha512/${sha512}`, releaseUrl.endsWith("/") ? releaseUrl : `${releaseUrl}/`);
}

/** Downloads an artefact into `file`; what is longer than wanted is cut off and refused. */
export async function downloadRelease(
  releaseUrl: string,
  wanted: LockedArtifact,
  file: string,
  options: ReleaseOptions,
): Promise<LockedArtifact> {
  const address = releaseAddress(releaseUrl, wanted.sha512);
  const response = await get(address, options.signal);
  const hash = createHash("sha512");
  let received = 0;
  let saidAt = Date.now();
  await pipeline(
    async function* () {
      for await (const chunk of whole(response.body, wanted.sizeBytes, address, options.signal)) {
        received += chunk.length;
        if (received > wanted.sizeBytes) {
          throw new ArtifactError(`${address} is longer than ${wanted.sizeBytes} bytes`);
        }
        hash.update(chunk);
        if (Date.now() - saidAt >= PROGRESS_INTERVAL_MS) {
          saidAt = Date.now();
          options.progress(`Downloading: ${megabytes(received)} of ${megabytes(wanted.sizeBytes)}`);
        }
        yield chunk;
      }
    },
    createWriteStream(file),
    { signal: options.signal },
  );
  const found = hash.digest("hex");
  if (found !== wanted.sha512) {
    throw new ArtifactError(`${address} has sha512 ${found} in ${received} bytes, wanted its name`);
  }
  return { sha512: found, sizeBytes: received };
}

/** The body's chunks; a connection that breaks is an error that says where. */
async function* whole(
  body: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  address: URL,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  try {
    for await (const chunk of body) {
      received += chunk.length;
      yield chunk;
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ArtifactError(
      `${address} broke off after ${received} of ${sizeBytes} bytes: ${reasonOf(cause)}`,
      { cause },
    );
  }
}

/** fetch()'s own errors say "fetch failed" or "terminated"; why is in their cause. */
function reasonOf(error: unknown): string {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return reason instanceof Error ? reason.message : String(reason);
}

async function get(
  address: URL,
  signal: AbortSignal | undefined,
): Promise<{ readonly body: NonNullable<Response["body"]> }> {
  let response: Response;
  try {
    response = await fetch(address, { ...(signal === undefined ? {} : { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ArtifactError(`no answer from ${address}: ${reasonOf(cause)}`, { cause });
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new ArtifactError(`${address} answers ${response.status}`);
  }
  return { body: response.body };
}
