// SPDX-License-Identifier: Apache-2.0
// Artifacts, for programs. The work is done by the provider: ../handlers/artifacts.ts.

import * as pulumi from "@pulumi/pulumi";

export interface ArtifactsArgs {
  /** Names of the table in modules/artifacts: `kubernetes-aci`, `etcd-oci`, `runtime`… */
  readonly names: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** `amd64` or `arm64`; default: the workstation's. */
  readonly architecture?: pulumi.Input<string> | undefined;
  /** Versions that must be what the table has, by artefact; another version fails at preview. */
  readonly versions?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>> | undefined;
  /** URL of a folder with released artefacts: they are downloaded instead of built. Digests are the same. */
  readonly source?: pulumi.Input<string> | undefined;
}

/** A finished artefact in the cache of this workstation. */
export interface ArtifactFile {
  /** 128 hexadecimal digits. */
  readonly sha512: string;
  readonly sizeBytes: number;
  readonly path: string;
}

/** Artefacts that nodes need, made where they are missing. Their digests are known in previews. */
export class Artifacts extends pulumi.CustomResource {
  /** By name. */
  declare readonly files: pulumi.Output<Readonly<Record<string, ArtifactFile>>>;

  constructor(name: string, args: ArtifactsArgs, options?: pulumi.CustomResourceOptions) {
    super("corefly:index:Artifacts", name, { ...args, files: undefined }, options);
  }
}
