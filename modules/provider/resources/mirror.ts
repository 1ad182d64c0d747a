// SPDX-License-Identifier: Apache-2.0
// Mirror, for programs. The work is done by the provider: ../handlers/mirror.ts.

import * as pulumi from "@pulumi/pulumi";

/** A file of the mirror: exactly one of these. */
export interface MirrorFile {
  /** A file in the cache. */
  readonly sha512?: pulumi.Input<string> | undefined;
  /** The contents themselves. */
  readonly text?: pulumi.Input<string> | undefined;
}

/** An image of the mirror: an OCI layout in an uncompressed archive. */
export interface MirrorImage {
  readonly sha512: pulumi.Input<string>;
}

export interface MirrorArgs {
  /** Port of 127.0.0.1. */
  readonly port: pulumi.Input<number>;
  /** What messages call the port: the argument of the program that it comes from. Default: `port`. */
  readonly portName?: pulumi.Input<string> | undefined;
  /** By path. Each file in the cache is at `/sha512/<digest>` too. */
  readonly files?: pulumi.Input<Readonly<Record<string, pulumi.Input<MirrorFile>>>> | undefined;
  /** By `repository:tag`. */
  readonly images?: pulumi.Input<Readonly<Record<string, pulumi.Input<MirrorImage>>>> | undefined;
}

/** An HTTP server on this workstation's loopback from which nodes download files and images. */
export class Mirror extends pulumi.CustomResource {
  /** `http://127.0.0.1:<port>`. */
  declare readonly url: pulumi.Output<string>;
  /** The same in a QEMU machine. */
  declare readonly guestUrl: pulumi.Output<string>;
  declare readonly logPath: pulumi.Output<string>;
  declare readonly pid: pulumi.Output<number>;

  constructor(name: string, args: MirrorArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "corefly:index:Mirror",
      name,
      {
        ...args,
        url: undefined,
        guestUrl: undefined,
        logPath: undefined,
        pid: undefined,
        running: undefined,
      },
      options,
    );
  }
}
