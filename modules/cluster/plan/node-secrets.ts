// SPDX-License-Identifier: Apache-2.0
// The keys and certificates that a controller gets, and stand-ins to plan with before they exist.

import { AUTHORITIES, type AuthorityName, type CertificatePlan } from "./certificates.ts";

export interface CertificateAndKey {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Everything secret on a controller; certificates by {@link CertificatePlan.name}. */
export interface NodeSecrets {
  readonly authorities: Readonly<Record<AuthorityName, CertificateAndKey>>;
  readonly certificates: Readonly<Record<string, CertificateAndKey>>;
  readonly serviceAccount: { readonly publicKeyPem: string; readonly privateKeyPem: string };
  readonly signingKey: { readonly publicKey: string; readonly fingerprint: string };
}

/** Stand-ins of the same shape: a preview before the first `up` checks the merged config with them. */
export function placeholderSecrets(certificates: readonly CertificatePlan[]): NodeSecrets {
  const pair: CertificateAndKey = { certPem: "certificate\n", keyPem: "key\n" };
  return {
    authorities: Object.fromEntries(Object.keys(AUTHORITIES).map((name) => [name, pair])) as Record<
      AuthorityName,
      CertificateAndKey
    >,
    certificates: Object.fromEntries(certificates.map(({ name }) => [name, pair])),
    serviceAccount: { publicKeyPem: "key\n", privateKeyPem: "key\n" },
    signingKey: { publicKey: "key\n", fingerprint: "0".repeat(40) },
  };
}
