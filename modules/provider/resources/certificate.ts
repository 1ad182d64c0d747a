// SPDX-License-Identifier: Apache-2.0
// Certificate, for programs. The work is done by the provider: ../handlers/certificate.ts.

import * as pulumi from "@pulumi/pulumi";

export type CertificateUsage = "server" | "client";

export interface CertificateArgs {
  /** The authority's `certPem` and `privateKeyPem`. */
  readonly caCertPem: pulumi.Input<string>;
  readonly caPrivateKeyPem: pulumi.Input<string>;
  readonly commonName: pulumi.Input<string>;
  readonly organizations?: pulumi.Input<readonly pulumi.Input<string>[]> | undefined;
  readonly dnsNames?: pulumi.Input<readonly pulumi.Input<string>[]> | undefined;
  /** IPv4 and IPv6. */
  readonly ipAddresses?: pulumi.Input<readonly pulumi.Input<string>[]> | undefined;
  readonly usages: pulumi.Input<readonly pulumi.Input<CertificateUsage>[]>;
  /** Default: a year, 8760. Never longer than the authority. */
  readonly validityHours?: pulumi.Input<number> | undefined;
  /** An `up` this long before the end renews it; default: a tenth of `validityHours`. */
  readonly earlyRenewalHours?: pulumi.Input<number> | undefined;
}

/** A certificate with a key of its own, signed by an authority. It is renewed in place by an `up` near its end. */
export class Certificate extends pulumi.CustomResource {
  declare readonly certPem: pulumi.Output<string>;
  /** A secret. */
  declare readonly privateKeyPem: pulumi.Output<string>;
  /** When it ends, as ISO 8601 in UTC. */
  declare readonly notAfter: pulumi.Output<string>;

  constructor(name: string, args: CertificateArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "corefly:index:Certificate",
      name,
      {
        ...args,
        // The certificate is public, but anything given as a secret stays one; the key always is.
        caPrivateKeyPem: pulumi.secret(args.caPrivateKeyPem),
        certPem: undefined,
        privateKeyPem: undefined,
        notAfter: undefined,
      },
      { hideDiffs: ["caCertPem", "certPem"], ...options },
    );
  }
}
