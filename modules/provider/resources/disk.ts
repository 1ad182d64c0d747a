// SPDX-License-Identifier: Apache-2.0
// Disk, for programs. The work is done by the provider: ../handlers/disk.ts.

import * as pulumi from "@pulumi/pulumi";

export interface DiskArgs {
  /** It can grow, but not shrink. */
  readonly sizeGiB: pulumi.Input<number>;
  /** `/dev/disk/by-id/virtio-<label>` in the machine; default `data`. */
  readonly label?: pulumi.Input<string> | undefined;
}

/** An empty disk that outlives the machines it is given to. */
export class Disk extends pulumi.CustomResource {
  /** For `disks` of a QemuMachine. */
  declare readonly path: pulumi.Output<string>;

  constructor(name: string, args: DiskArgs, options?: pulumi.CustomResourceOptions) {
    super("corefly:index:Disk", name, { ...args, path: undefined }, options);
  }
}
