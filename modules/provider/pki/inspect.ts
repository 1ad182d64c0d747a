// SPDX-License-Identifier: Apache-2.0
// Reads certificates and keys: lifetimes, fingerprints, and whether they belong together.

import { createPrivateKey, X509Certificate } from "node:crypto";

export interface CertificateFacts {
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the DER, 64 hexadecimal digits. */
  readonly fingerprint: string;
}

/** What a certificate in PEM says of itself. */
export function inspectCertificate(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  return {
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

/** Why this certificate cannot sign others; undefined when it can. */
export function authorityDefect(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).ca
      ? undefined
      : "Found a certificate that is no authority, expected one";
  } catch {
    return "Found a text that is no certificate, expected one in PEM";
  }
}

/** Why this private key cannot sign for the authority; undefined when it can. The text never has the key in it. */
export function authorityKeyDefect(certPem: string, privateKeyPem: string): string | undefined {
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(privateKeyPem);
  } catch {
    return "Found a text that is no private key, expected one in PEM";
  }
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    return `Found a key of type ${key.asymmetricKeyType}, expected ECDSA P-256`;
  }
  return new X509Certificate(certPem).checkPrivateKey(key)
    ? undefined
    : "Found the key of another certificate, expected the one of caCertPem";
}
