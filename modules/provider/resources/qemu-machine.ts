// SPDX-License-Identifier: Apache-2.0
// QemuMachine, for programs. The work is done by the provider: ../handlers/qemu-machine.ts.

import * as pulumi from "@pulumi/pulumi";

/** What a machine boots: exactly one of these. */
export interface QemuMachineImage {
  /** `recipe` of a LabImage. */
  readonly lab?: pulumi.Input<string> | undefined;
  /** A disk image in the cache, by its digest. */
  readonly sha512?: pulumi.Input<string> | undefined;
}

export interface QemuMachinePort {
  /** Port of 127.0.0.1 on the workstation. */
  readonly host: pulumi.Input<number>;
  readonly guest: pulumi.Input<number>;
  /** What messages call it: the argument of the program that it comes from. */
  readonly name?: pulumi.Input<string> | undefined;
}

/** Digests by name. */
type Digests = pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;

export interface QemuMachineContents {
  /** Of the config's parts: files, units. */
  readonly config?: Digests | undefined;
  /** Of keys and certificates in it. */
  readonly keys?: Digests | undefined;
}

export interface QemuMachineArgs {
  readonly image: pulumi.Input<QemuMachineImage>;
  /** The Ignition config as JSON; pass a secret. Another config is another machine. */
  readonly ignition: pulumi.Input<string>;
  /** Digests of what the config has in it, by name: a preview shows which of them change, instead of the config. */
  readonly contents?: pulumi.Input<QemuMachineContents> | undefined;
  /** Default 2048. */
  readonly memoryMiB?: pulumi.Input<number> | undefined;
  /** Default 2. */
  readonly cpus?: pulumi.Input<number> | undefined;
  /** `path` of Disks; each is /dev/disk/by-id/virtio-<label> in the machine. */
  readonly disks?: pulumi.Input<readonly pulumi.Input<string>[]> | undefined;
  readonly ports?: pulumi.Input<readonly pulumi.Input<QemuMachinePort>[]> | undefined;
}

/** A virtual machine on this workstation. It is up, and Ignition has run, when the resource is made. */
export class QemuMachine extends pulumi.CustomResource {
  declare readonly consolePath: pulumi.Output<string>;
  declare readonly journalPath: pulumi.Output<string>;
  declare readonly pid: pulumi.Output<number>;
  /** Changes whenever the machine is started again. */
  declare readonly startedAt: pulumi.Output<string>;
  declare readonly accelerator: pulumi.Output<string>;
  declare readonly running: pulumi.Output<boolean>;

  constructor(name: string, args: QemuMachineArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "corefly:index:QemuMachine",
      name,
      {
        ...args,
        consolePath: undefined,
        journalPath: undefined,
        pid: undefined,
        startedAt: undefined,
        accelerator: undefined,
        running: undefined,
        configured: undefined,
        boot: undefined,
        rootLabel: undefined,
      },
      options,
    );
  }
}
