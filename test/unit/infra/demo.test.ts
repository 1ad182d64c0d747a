// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import { DEMO_NODE_PORT, demoManifest } from "../../../infra/demo.ts";

describe("demoManifest()", () => {
  const [deployment, service] = parseAllDocuments(demoManifest("corefly.dev/caddy:v2.11.9")).map(
    (document) => document.toJS(),
  );

  it("is a Deployment of the image", () => {
    expect(deployment).toMatchObject({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "caddy", namespace: "default" },
      spec: { template: { spec: { containers: [{ image: "corefly.dev/caddy:v2.11.9" }] } } },
    });
  });

  it("is reached by the Service's node port, which the default stack publishes", () => {
    expect(service).toMatchObject({
      kind: "Service",
      spec: {
        type: "NodePort",
        selector: deployment.spec.selector.matchLabels,
        ports: [{ nodePort: DEMO_NODE_PORT, targetPort: "http" }],
      },
    });
    expect(deployment.spec.template.spec.containers[0].ports).toEqual([
      { name: "http", containerPort: 8080 },
    ]);
  });
});
