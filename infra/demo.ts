// SPDX-License-Identifier: Apache-2.0
// The demo of the default stack: Caddy, as a Deployment with a Service that the workstation reaches.

import { stringify } from "yaml";

export const DEMO_NODE_PORT = 30_080;

/** Manifests of the demo web server; `image` is a reference that the nodes can pull. */
export function demoManifest(image: string): string {
  const labels = { app: "caddy" };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "caddy", namespace: "default", labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: "caddy",
                image,
                ports: [{ name: "http", containerPort: 8080 }],
                readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 2 },
                resources: { requests: { cpu: "50m", memory: "64Mi" } },
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "caddy", namespace: "default", labels },
      spec: {
        type: "NodePort",
        selector: labels,
        ports: [{ name: "http", port: 80, targetPort: "http", nodePort: DEMO_NODE_PORT }],
      },
    },
  ]
    .map((object) => stringify(object))
    .join("---\n");
}
