// SPDX-License-Identifier: Apache-2.0
// Detached OpenPGP signatures of images. The image is hashed natively while it passes by, in one pass with everything else;
// openpgp.js gets the finished digest. What is hashed after the image, RFC 9580 section 5.2.4 ("Computing Signatures") says.
import type { Hash } from "node:crypto";
import { createHash } from "node:crypto";
import type { PublicKey, SignaturePacket } from "openpgp";
import { TrustError } from "../errors.ts";
import type { Keystore, TrustedKey } from "./keystore.ts";

// openpgp.js is large: it is loaded when there is a signature, not whenever somebody runs an image of the store.

/** RFC 9580 section 9.5, less what is too weak. */
const HASHES: ReadonlyMap<number, string> = new Map([
  [8, "sha256"],
  [9, "sha384"],
  [10, "sha512"],
  [11, "sha224"],
  [12, "sha3-256"],
  [14, "sha3-512"],
]);

/** RFC 9580 section 5.2.1: signature of a binary document. */
const BINARY = 0;

/** Clocks differ: a signature may be this much younger than we are. */
const CLOCK_SKEW_MS = 5 * 60 * 1000;

export interface DetachedSignature {
  readonly hashAlgorithm: string;
  /** Whether the hash of the bytes alone is a digest of them: version 6 salts it. */
  readonly isPlainHash: boolean;
  /** Put the bytes of the image into it, as they are in the file. */
  newHash(): Hash;
  /**
   * Answers the fingerprint of the key that signed. Throws TrustError, in one line what is wrong: no key for the name, a key
   * that is not trusted for it, one that expired, a signature that expired or does not match.
   */
  verify(hash: Hash, imageName: string, keystore: Keystore, now: Date): Promise<string>;
  /**
   * Whether the bytes are those that were signed, by a key of the keystore, for whatever name: tells a forged image from one
   * that is merely bad. undefined when nobody we know signed.
   */
  isIntact(hash: Hash, keystore: Keystore): Promise<boolean | undefined>;
}

/** Armored or binary. Throws TrustError when it is no detached signature that we can check. */
export async function parseDetachedSignature(
  bytes: Uint8Array,
  origin: string,
): Promise<DetachedSignature> {
  const packet = await readPacket(bytes).catch((cause: unknown) => {
    throw new TrustError(`Cannot read signature ${origin}: it is no OpenPGP signature`, { cause });
  });
  const hashAlgorithm = HASHES.get(packet?.hashAlgorithm ?? -1);
  if (packet === undefined || packet.signatureType !== BINARY) {
    throw new TrustError(
      `Cannot read signature ${origin}: expected a detached signature of a binary file`,
    );
  }
  if (hashAlgorithm === undefined) {
    throw new TrustError(
      `Cannot read signature ${origin}: its hash algorithm is too weak or unknown`,
    );
  }
  const salt: unknown = Reflect.get(packet, "salt"); // version 6 hashes it before the data
  return {
    hashAlgorithm,
    isPlainHash: !(salt instanceof Uint8Array),
    newHash: () => {
      const hash = createHash(hashAlgorithm);
      return salt instanceof Uint8Array ? hash.update(salt) : hash;
    },
    verify: async (hash, imageName, keystore, now) => {
      const found = await findKey(packet, imageName, keystore);
      await checkKey(found, packet, imageName, now);
      await checkPacket(found, packet, hash, imageName, now);
      return found.fingerprint;
    },
    isIntact: async (hash, keystore) => {
      const signer = (await keystore.all()).find((each) => isSigner(each, packet));
      return signer === undefined
        ? undefined
        : matches(signer, packet, hash, packet.created ?? new Date()).then(
            () => true,
            () => false,
          );
    },
  };
}

async function readPacket(bytes: Uint8Array): Promise<SignaturePacket | undefined> {
  const { readSignature } = await import("openpgp");
  const text = Buffer.from(bytes).toString("latin1");
  const signature = await (text.trimStart().startsWith("-----BEGIN")
    ? readSignature({ armoredSignature: text })
    : readSignature({ binarySignature: bytes }));
  return signature.packets.length === 1 ? signature.packets[0] : undefined;
}

async function findKey(
  packet: SignaturePacket,
  imageName: string,
  keystore: Keystore,
): Promise<TrustedKey> {
  const trusted = await keystore.keysFor(imageName);
  const found = trusted.find((each) => isSigner(each, packet));
  if (found !== undefined) {
    return found;
  }
  const other = (await keystore.all()).find((each) => isSigner(each, packet));
  const signer = other?.fingerprint ?? packet.issuerKeyID.toHex();
  if (other?.prefix !== undefined) {
    throw refuse(imageName, `key ${signer} is trusted for "${other.prefix}" only`);
  }
  throw refuse(
    imageName,
    trusted.length === 0
      ? `no trusted key for this name, signed by key ${signer}`
      : `signature made by unknown key ${signer}`,
  );
}

/** The key has to be good now: who signed with a key that expired since has to sign again. */
async function checkKey(
  { key, fingerprint }: TrustedKey,
  packet: SignaturePacket,
  imageName: string,
  now: Date,
): Promise<void> {
  const expires = await expirationOf(key);
  if (expires !== undefined && expires <= now) {
    throw refuse(imageName, `key ${fingerprint} expired on ${expires.toISOString()}`);
  }
  if (key.getCreationTime().getTime() > now.getTime() + CLOCK_SKEW_MS) {
    throw refuse(imageName, `key ${fingerprint} was made in the future, is the clock right?`);
  }
  await key
    .getSigningKey(packet.issuerKeyID, notBefore(now, key.getCreationTime()))
    .catch((cause: unknown) => {
      throw refuse(imageName, `key ${fingerprint} cannot be used: ${reasonOf(cause)}`, cause);
    });
}

async function expirationOf(key: PublicKey): Promise<Date | undefined> {
  const expires = await key.getExpirationTime();
  return expires instanceof Date ? expires : undefined;
}

async function checkPacket(
  signer: TrustedKey,
  packet: SignaturePacket,
  hash: Hash,
  imageName: string,
  now: Date,
): Promise<void> {
  const created = packet.created ?? new Date(0);
  const expires = packet.getExpirationTime();
  if (created.getTime() > now.getTime() + CLOCK_SKEW_MS) {
    throw refuse(
      imageName,
      `its signature is of ${created.toISOString()}, in the future, is the clock right?`,
    );
  }
  if (expires instanceof Date && expires <= now) {
    throw refuse(imageName, `its signature expired on ${expires.toISOString()}`);
  }
  await matches(signer, packet, hash, notBefore(now, created)).catch((cause: unknown) => {
    const isMismatch = /digest did not match|verification failed/i.test(reasonOf(cause));
    throw refuse(
      imageName,
      isMismatch ? changedReason(signer.fingerprint) : reasonOf(cause),
      cause,
    );
  });
}

/** Why an image is refused whose signature is of a key that we know, but not of these bytes. */
export function changedReason(fingerprint: string): string {
  return `the signature of key ${fingerprint} does not match: the image or its signature was changed`;
}

function isSigner({ key }: TrustedKey, packet: SignaturePacket): boolean {
  return key.getKeys(packet.issuerKeyID).length > 0;
}

/** The cryptography alone. Throws what openpgp.js throws. */
async function matches(
  { key }: TrustedKey,
  packet: SignaturePacket,
  hash: Hash,
  date: Date,
): Promise<void> {
  const digest = hash.copy().update(trailer(packet)).digest();
  // openpgp.js takes a digest from here when it verified a stream; its declarations leave the property out.
  Object.assign(packet, { hashed: new Uint8Array(digest) });
  const [signingKey] = key.getKeys(packet.issuerKeyID);
  const { config } = await import("openpgp");
  await packet.verify(
    signingKey?.keyPacket ?? key.keyPacket,
    BINARY,
    new Uint8Array(),
    date,
    true,
    config,
  );
}

/** What follows the data: the hashed part of the packet, its version, 0xFF and that part's length. */
function trailer(packet: SignaturePacket): Buffer {
  const data = Buffer.from(packet.signatureData ?? []);
  const end = Buffer.alloc(6);
  end.writeUInt8(packet.version, 0);
  end.writeUInt8(0xff, 1);
  end.writeUInt32BE(data.length, 2);
  return Buffer.concat([data, end]);
}

/** Within the allowed skew, what was made a moment ahead of our clock counts as made now. */
function notBefore(now: Date, created: Date): Date {
  return created > now ? created : now;
}

function refuse(imageName: string, reason: string, cause?: unknown): TrustError {
  return new TrustError(`Cannot verify image "${imageName}": ${reason}`, { cause });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
