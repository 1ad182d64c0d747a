// SPDX-License-Identifier: Apache-2.0
// What tells a cluster from all others of a workstation; its ports follow from that.

import * as pulumi from "@pulumi/pulumi";

/** Organization, project, stack, the program's folder (two checkouts may have stacks of one name) and the cluster's name. */
export function clusterIdentity(name: string): string {
  const stack = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()];
  return [...stack, process.cwd(), name].join("/");
}
