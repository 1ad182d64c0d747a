// SPDX-License-Identifier: Apache-2.0
// Our modules in somebody's own program: ranges, an Ignition snippet and manifests of their own.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Cluster } from "../../modules/cluster/cluster.ts";

const read = (path: string): string => readFileSync(join(import.meta.dirname, path), "utf8");

const cluster = new Cluster("shop", {
  podCidr: "10.60.0.0/16",
  serviceCidr: "10.61.0.0/16",
  nodeLabels: { "example.com/rack": "r7" },
  etcdDiskGiB: 8,
  controllerSnippets: [read("snippets/motd.ign")],
  images: ["caddy"],
  manifests: [read("manifests/namespace.yaml"), read("manifests/shop.yaml")],
  publish: [{ name: "shop", nodePort: 30100 }],
});

export const kubeconfig = cluster.kubeconfig;
export const shopUrl = cluster.urls.apply((urls) => urls["shop"]);
