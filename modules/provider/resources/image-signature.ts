// SPDX-License-Identifier: Apache-2.0
// ImageSignature, for programs. The work is done by the provider: ../handlers/image-signature.ts.

import * as pulumi from "@pulumi/pulumi";

export interface ImageSignatureArgs {
  /** Of an image in the artefact cache, 128 hexadecimal digits. */
  readonly imageSha512: pulumi.Input<string>;
  /** A `SigningKey`'s `privateKey`. */
  readonly signingKey: pulumi.Input<string>;
}

/** A detached OpenPGP signature of an image, made by `corefly image sign`. */
export class ImageSignature extends pulumi.CustomResource {
  /** Armored, as served next to the image with the ending `.asc`. */
  declare readonly signature: pulumi.Output<string>;

  constructor(name: string, args: ImageSignatureArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "corefly:index:ImageSignature",
      name,
      { ...args, signingKey: pulumi.secret(args.signingKey), signature: undefined },
      { hideDiffs: ["signature"], ...options },
    );
  }
}
