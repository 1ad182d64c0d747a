// SPDX-License-Identifier: Apache-2.0
// ECDSA P-256 keys: what all our certificates and tokens are made with.

import { webcrypto } from "node:crypto";

export const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
export const SIGNING_ALGORITHM = { name: "ECDSA", hash: "SHA-256" } as const;

/** A key pair in the forms that files want. */
export interface PemKeyPair {
  readonly publicKeyPem: string;
  readonly privateKeyPem: string;
}

/** A new key pair out of the system's randomness. */
export async function generateKeyPair(): Promise<PemKeyPair> {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
  const spki = await webcrypto.subtle.exportKey("spki", keys.publicKey);
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    publicKeyPem: toPem("PUBLIC KEY", spki),
    privateKeyPem: toPem("PRIVATE KEY", pkcs8),
  };
}

function toPem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
