// SPDX-License-Identifier: Apache-2.0
// KeyPair, for programs. The work is done by the provider: ../handlers/key-pair.ts.

import * as pulumi from "@pulumi/pulumi";

/** An ECDSA P-256 key pair; Kubernetes signs service account tokens with one. */
export class KeyPair extends pulumi.CustomResource {
  declare readonly publicKeyPem: pulumi.Output<string>;
  /** A secret. */
  declare readonly privateKeyPem: pulumi.Output<string>;

  constructor(name: string, options?: pulumi.CustomResourceOptions) {
    super(
      "corefly:index:KeyPair",
      name,
      { publicKeyPem: undefined, privateKeyPem: undefined },
      { hideDiffs: ["publicKeyPem"], ...options },
    );
  }
}
