// SPDX-License-Identifier: Apache-2.0
// The cluster of the end-to-end tests: the demo of the default stack, and workloads that look around.

import * as pulumi from "@pulumi/pulumi";
import { DEMO_NODE_PORT, demoManifest } from "../../../infra/demo.ts";
import { Cluster } from "../../../modules/cluster/cluster.ts";
import { imageReference } from "../../../modules/cluster/plan/images.ts";
import { motd } from "./motd.ts";
import { workloads } from "./workloads.ts";

const config = new pulumi.Config();
const message = config.get("motd");

const cluster = new Cluster(
  "e2e",
  {
    images: ["caddy", "busybox"],
    manifests: [
      demoManifest(imageReference("caddy")),
      workloads(imageReference("busybox"), "heron"),
    ],
    etcdDiskGiB: config.getNumber("etcdDiskGiB"),
    controllerSnippets: message === undefined ? [] : [motd(message)],
    publish: [{ name: "demo", nodePort: DEMO_NODE_PORT }],
  },
  { transforms: [waitFor(config.get("readyTimeout"))] },
);

export const kubeconfig = cluster.kubeconfig;
export const nodes = cluster.nodes;
export const urls = cluster.urls;
export const summary = cluster.summary;

/** How long `up` waits for the cluster, as users would say it. */
function waitFor(timeout: string | undefined): pulumi.ResourceTransform {
  return ({ type, props, opts }) =>
    type !== "corefly:index:ClusterReady" || timeout === undefined
      ? undefined
      : {
          props,
          opts: pulumi.mergeOptions(opts, { customTimeouts: { create: timeout, update: timeout } }),
        };
}
