// SPDX-License-Identifier: Apache-2.0
// One pass over the bytes of an image as they arrive: hashed as they are, decompressed, hashed again where that makes a
// difference, unpacked. Nothing is held, nothing is read twice.
import { createHash, type Hash } from "node:crypto";
import { CoreflyError, InvalidArchiveError } from "../../errors.ts";
import { type TarHandler, TarReader } from "../../image/tar/reader.ts";
import { errnoOf } from "../../system/kernel.ts";
import { Decompressor } from "./decompressor.ts";
import type { UnpackLimits } from "./limits.ts";

export interface IngestOptions {
  readonly handler: TarHandler;
  readonly limits: UnpackLimits;
  /** Of the bytes as they arrive. */
  readonly rawHash: Hash;
  readonly rawAlgorithm: string;
  /** Of the uncompressed tar. */
  readonly contentAlgorithm: "sha256" | "sha512";
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((rawBytes: number) => void) | undefined;
}

export interface Ingested {
  readonly rawBytes: number;
  /** Of the raw bytes; still open for more (a signature's trailer). */
  readonly rawHash: Hash;
  readonly content: { readonly digest: string } | { readonly failure: unknown };
}

/**
 * Reads `source` to its end even when its content is bad: then the digests of the bytes can still tell a damaged transfer or
 * a forged image from a bad one. What `source` itself throws comes through.
 */
export async function ingest(
  source: AsyncIterable<Buffer>,
  options: IngestOptions,
): Promise<Ingested> {
  const { rawHash, handler, limits, signal, onBytes } = options;
  const reader = new TarReader(handler);
  let contentHash: Hash | undefined;
  let isBegun = false;
  const decompressor = new Decompressor((content) => {
    if (!isBegun) {
      // An uncompressed tar that is hashed with the wanted algorithm anyway needs no second hash.
      const isShared = options.rawAlgorithm === options.contentAlgorithm;
      const isPlain = decompressor.compression === "none";
      contentHash = isShared && isPlain ? undefined : createHash(options.contentAlgorithm);
      isBegun = true;
    }
    contentHash?.update(content);
    reader.push(content);
  }, limits);
  let rawBytes = 0;
  let failure: unknown;
  const attempt = async (act: () => Promise<void>) => {
    if (failure === undefined) {
      await act().catch((error: unknown) => {
        failure = error;
      });
    }
  };
  try {
    for await (const chunk of source) {
      signal?.throwIfAborted();
      rawBytes += chunk.length;
      rawHash.update(chunk);
      await attempt(() => decompressor.write(chunk));
      onBytes?.(rawBytes);
    }
    await attempt(() => decompressor.finish());
    await attempt(async () => reader.finish());
  } finally {
    decompressor.destroy();
  }
  return {
    rawBytes,
    rawHash,
    content:
      failure === undefined
        ? { digest: (contentHash ?? rawHash).copy().digest("hex") }
        : { failure: explained(failure) },
  };
}

function explained(failure: unknown): unknown {
  return failure instanceof CoreflyError
    ? failure
    : new InvalidArchiveError(
        `Cannot unpack image: ${errnoOf(failure)}: ${String(failure instanceof Error ? failure.message : failure)}`,
        {
          cause: failure,
        },
      );
}
