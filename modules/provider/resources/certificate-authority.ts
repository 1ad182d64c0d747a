// SPDX-License-Identifier: Apache-2.0
// CertificateAuthority, for programs. The work is done by the provider: ../handlers/certificate-authority.ts.

import * as pulumi from "@pulumi/pulumi";

export interface CertificateAuthorityArgs {
  readonly commonName: pulumi.Input<string>;
  readonly organization?: pulumi.Input<string> | undefined;
  /** Default: ten years, 87600. */
  readonly validityHours?: pulumi.Input<number> | undefined;
}

/** A self-signed authority with an ECDSA P-256 key. It is never renewed by itself: everything that trusts it would break. */
export class CertificateAuthority extends pulumi.CustomResource {
  declare readonly certPem: pulumi.Output<string>;
  /** A secret. */
  declare readonly privateKeyPem: pulumi.Output<string>;
  /** When it ends, as ISO 8601 in UTC. */
  declare readonly notAfter: pulumi.Output<string>;
  /** SHA-256 of the certificate, 64 hexadecimal digits. */
  declare readonly fingerprint: pulumi.Output<string>;

  constructor(
    name: string,
    args: CertificateAuthorityArgs,
    options?: pulumi.CustomResourceOptions,
  ) {
    super(
      "corefly:index:CertificateAuthority",
      name,
      {
        ...args,
        certPem: undefined,
        privateKeyPem: undefined,
        notAfter: undefined,
        fingerprint: undefined,
      },
      { hideDiffs: ["certPem"], ...options },
    );
  }
}
