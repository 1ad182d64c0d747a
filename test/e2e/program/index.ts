// SPDX-License-Identifier: Apache-2.0
// The cluster of the end-to-end tests: the demo of the default stack, and workloads that look around.

import { DEMO_NODE_PORT, demoManifest } from "../../../infra/demo.ts";
import { Cluster } from "../../../modules/cluster/cluster.ts";
import { imageReference } from "../../../modules/cluster/plan/images.ts";
import { workloads } from "./workloads.ts";

const cluster = new Cluster("e2e", {
  images: ["caddy", "busybox"],
  manifests: [demoManifest(imageReference("caddy")), workloads(imageReference("busybox"), "heron")],
  publish: [{ name: "demo", nodePort: DEMO_NODE_PORT }],
});

export const kubeconfig = cluster.kubeconfig;
export const nodes = cluster.nodes;
export const urls = cluster.urls;
export const summary = cluster.summary;
