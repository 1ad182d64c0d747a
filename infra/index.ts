// SPDX-License-Identifier: Apache-2.0
// The default stack: one CoreOS node on this workstation that is a whole cluster, with a demo web server on it.

import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../modules/cluster/cluster.ts";
import { imageReference } from "../modules/cluster/plan/images.ts";
import { DEMO_NODE_PORT, demoManifest } from "./demo.ts";

const config = new pulumi.Config();

// Not `name`: the project is called like the provider, and of a provider's settings Pulumi takes that as the plugin's.
const cluster = new Cluster(config.get("clusterName") ?? "lab", {
  os: config.get("os"),
  podCidr: config.get("podCidr"),
  serviceCidr: config.get("serviceCidr"),
  kubernetesVersion: config.get("kubernetesVersion"),
  controllerCount: config.getNumber("controllerCount"),
  controllerMemoryMiB: config.getNumber("controllerMemoryMiB"),
  controllerCpus: config.getNumber("controllerCpus"),
  controllerSnippets: config.getObject<string[]>("controllerSnippets"),
  sshAuthorizedKeys: config.getObject<string[]>("sshAuthorizedKeys"),
  artifactsUrl: config.get("artifactsUrl"),
  mirrorPort: config.getNumber("mirrorPort"),
  apiServerPort: config.getNumber("apiServerPort"),
  images: ["caddy"],
  manifests: [demoManifest(imageReference("caddy"))],
  publish: [{ name: "demo", nodePort: DEMO_NODE_PORT, port: config.getNumber("demoPort") }],
});

export const kubeconfig = cluster.kubeconfig;
export const nodes = cluster.nodes;
export const urls = cluster.urls;
export const summary = cluster.summary;
