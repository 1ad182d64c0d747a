// SPDX-License-Identifier: Apache-2.0
// Makes the detached OpenPGP signature of an image file.
import { Readable } from "node:stream";
import { createMessage, readPrivateKey, sign } from "openpgp";
import { InvalidManifestError, TrustError } from "../errors.ts";
import type { System } from "../system/system.ts";

/**
 * Armored. The file is streamed, not held. Throws InvalidManifestError when `armoredKey` is no private key, TrustError when
 * it cannot sign (expired, revoked, or behind a passphrase).
 */
export async function signFile(
  file: string,
  armoredKey: string,
  { system, date }: { readonly system: System; readonly date?: Date },
): Promise<string> {
  const signingKeys = await readPrivateKey({ armoredKey }).catch((cause: unknown) => {
    throw new InvalidManifestError("Cannot sign: the key is no armored OpenPGP private key", {
      cause,
    });
  });
  if (!signingKeys.isDecrypted()) {
    throw new TrustError("Cannot sign: the private key is protected by a passphrase");
  }
  const content = system.files.createReadStream(file, { highWaterMark: 1024 * 1024 });
  try {
    const message = await createMessage({ binary: Readable.toWeb(content) });
    return await text(
      await sign({
        message,
        signingKeys,
        detached: true,
        format: "armored",
        ...(date === undefined ? {} : { date }),
      }),
    );
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TrustError(`Cannot sign "${file}": ${reason}`, { cause });
  } finally {
    content.destroy();
  }
}

async function text(stream: unknown): Promise<string> {
  if (typeof stream === "string") {
    return stream;
  }
  return Readable.from(stream as AsyncIterable<string>)
    .toArray()
    .then((parts) => parts.join(""));
}
