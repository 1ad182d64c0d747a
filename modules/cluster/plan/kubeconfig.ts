// SPDX-License-Identifier: Apache-2.0
// Kubeconfigs: who speaks to which API server with which key.

import { stringify } from "yaml";

/** Everything a kubeconfig holds; certificates and keys are PEM text. */
export interface KubeconfigPlan {
  readonly cluster: string;
  readonly user: string;
  readonly server: string;
  readonly caCertPem: string;
  readonly clientCertPem: string;
  readonly clientKeyPem: string;
}

/** The kubeconfig as YAML, with its certificates inside so that the one file is enough. */
export function kubeconfig(plan: KubeconfigPlan): string {
  const context = `${plan.user}@${plan.cluster}`;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: plan.cluster,
        cluster: { server: plan.server, "certificate-authority-data": base64(plan.caCertPem) },
      },
    ],
    users: [
      {
        name: plan.user,
        user: {
          "client-certificate-data": base64(plan.clientCertPem),
          "client-key-data": base64(plan.clientKeyPem),
        },
      },
    ],
    contexts: [{ name: context, context: { cluster: plan.cluster, user: plan.user } }],
    "current-context": context,
  });
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
