// SPDX-License-Identifier: Apache-2.0
// LabImage, for programs. The work is done by the provider: ../handlers/lab-image.ts.

import * as pulumi from "@pulumi/pulumi";

/** The lab machine image in the cache of this workstation, built where it is missing. */
export class LabImage extends pulumi.CustomResource {
  /** For `image: { lab: … }` of a QemuMachine. Known in previews; changes only with the image's recipe. */
  declare readonly recipe: pulumi.Output<string>;
  declare readonly kernelSha512: pulumi.Output<string>;
  declare readonly initrdSha512: pulumi.Output<string>;
  declare readonly rootSha512: pulumi.Output<string>;
  declare readonly sizeBytes: pulumi.Output<number>;

  constructor(name: string, options?: pulumi.CustomResourceOptions) {
    super(
      "corefly:index:LabImage",
      name,
      {
        recipe: undefined,
        kernelSha512: undefined,
        initrdSha512: undefined,
        rootSha512: undefined,
        sizeBytes: undefined,
      },
      options,
    );
  }
}
