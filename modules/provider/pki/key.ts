// SPDX-License-Identifier: Apache-2.0
// ECDSA P-256 keys: what all our certificates and tokens are made with.

import { createPrivateKey, webcrypto } from "node:crypto";

const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;

/** How certificates are signed. */
export const SIGNING_ALGORITHM = { name: "ECDSA", hash: "SHA-256" } as const;

/** A key pair in the forms that files want, and the one that signs. */
export interface KeyMaterial {
  readonly publicKeyPem: string;
  readonly privateKeyPem: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

/** A new key pair out of the system's randomness. */
export async function generateKeys(): Promise<KeyMaterial> {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
  const spki = await webcrypto.subtle.exportKey("spki", keys.publicKey);
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    publicKeyPem: toPem("PUBLIC KEY", spki),
    privateKeyPem: toPem("PRIVATE KEY", pkcs8),
    keys,
  };
}

/** Reads a private key in PEM, to sign with. Throws when it is no ECDSA P-256 key. */
export async function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return await webcrypto.subtle.importKey("pkcs8", der, KEY_ALGORITHM, false, ["sign"]);
}

/** DER as PEM, with a newline at its end. */
export function toPem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
