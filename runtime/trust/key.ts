// SPDX-License-Identifier: Apache-2.0
// OpenPGP public keys: read, named by their fingerprint, described for the user who is asked whether to trust one.
import type { PublicKey } from "openpgp";
import { TrustError } from "../errors.ts";

export interface TrustKey {
  /** 40 lower hex digits (version 4), 64 (version 6). */
  readonly fingerprint: string;
  readonly subkeyFingerprints: readonly string[];
  readonly userIds: readonly string[];
  readonly armored: string;
  readonly key: PublicKey;
}

/** Armored or binary. Throws TrustError unless it is exactly one public key. */
export async function parseKey(bytes: Uint8Array, origin: string): Promise<TrustKey> {
  const keys = await readAll(bytes).catch((cause: unknown) => {
    throw new TrustError(`Cannot read key ${origin}: it is no OpenPGP public key`, { cause });
  });
  const [key] = keys;
  if (key === undefined || keys.length !== 1 || key.isPrivate()) {
    throw new TrustError(
      `Cannot read key ${origin}: found ${key?.isPrivate() === true ? "a private key" : `${keys.length} keys`}, expected one public key`,
    );
  }
  return {
    fingerprint: key.getFingerprint(),
    subkeyFingerprints: key.subkeys.map((subkey) => subkey.keyPacket.getFingerprint()),
    userIds: key.getUserIDs(),
    armored: key.armor(),
    key,
  };
}

/** As gpg prints it: `AAAA BBBB …`. */
export function spacedFingerprint(fingerprint: string): string {
  return (fingerprint.toUpperCase().match(/.{4}/g) ?? []).join(" ");
}

async function readAll(bytes: Uint8Array): Promise<readonly PublicKey[]> {
  const { readKeys } = await import("openpgp");
  const text = Buffer.from(bytes).toString("latin1");
  return text.trimStart().startsWith("-----BEGIN")
    ? readKeys({ armoredKeys: text })
    : readKeys({ binaryKeys: bytes });
}
