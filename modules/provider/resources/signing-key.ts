// SPDX-License-Identifier: Apache-2.0
// SigningKey, for programs. The work is done by the provider: ../handlers/signing-key.ts.

import * as pulumi from "@pulumi/pulumi";

export interface SigningKeyArgs {
  /** As OpenPGP wants it: `Name <address>`. */
  readonly userId: pulumi.Input<string>;
  /** Default: it never ends. */
  readonly validityHours?: pulumi.Input<number> | undefined;
}

/** An OpenPGP key that signs images; nodes trust its public half. */
export class SigningKey extends pulumi.CustomResource {
  /** Armored. */
  declare readonly publicKey: pulumi.Output<string>;
  /** 40 hexadecimal digits in lower case. */
  declare readonly fingerprint: pulumi.Output<string>;
  /** Armored; a secret. */
  declare readonly privateKey: pulumi.Output<string>;

  constructor(name: string, args: SigningKeyArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "corefly:index:SigningKey",
      name,
      { ...args, publicKey: undefined, fingerprint: undefined, privateKey: undefined },
      { hideDiffs: ["publicKey"], ...options },
    );
  }
}
