// SPDX-License-Identifier: Apache-2.0
// The smallest program: a cluster of one node, on this workstation.

import { Cluster } from "../../modules/cluster/cluster.ts";

const cluster = new Cluster("single");

export const kubeconfig = cluster.kubeconfig;
