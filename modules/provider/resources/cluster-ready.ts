// SPDX-License-Identifier: Apache-2.0
// ClusterReady, for programs. The work is done by the provider: ../handlers/cluster-ready.ts.

import * as pulumi from "@pulumi/pulumi";

export interface ClusterReadyArgs {
  /** With its certificates inside; pass a secret. */
  readonly kubeconfig: pulumi.Input<string>;
  readonly nodeNames: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** `journalPath` of the first controller. */
  readonly journalPath: pulumi.Input<string>;
  /** `consolePath` of the first controller. */
  readonly consolePath: pulumi.Input<string>;
  /** Another text waits again; pass `startedAt` of the machine. */
  readonly trigger?: pulumi.Input<string> | undefined;
  /** Must answer a GET with a success. */
  readonly urls?: pulumi.Input<readonly pulumi.Input<string>[]> | undefined;
}

/** Is there when the cluster is ready: API server, nodes, the pods of kube-system, and the URLs. */
export class ClusterReady extends pulumi.CustomResource {
  declare readonly ready: pulumi.Output<boolean>;
  /** From power-on to ready. */
  declare readonly seconds: pulumi.Output<number>;
  /** Seconds of each phase. */
  declare readonly phases: pulumi.Output<Readonly<Record<string, number>>>;
  declare readonly summary: pulumi.Output<string>;

  constructor(name: string, args: ClusterReadyArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "corefly:index:ClusterReady",
      name,
      { ...args, ready: undefined, seconds: undefined, phases: undefined, summary: undefined },
      options,
    );
  }
}
