// SPDX-License-Identifier: Apache-2.0
// Kubeconfigs: who speaks to which API server with which key.

import { stringify } from "yaml";
import { ADMIN } from "./certificates.ts";
import type { CertificateAndKey } from "./node-secrets.ts";

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

/** The administrator's key, and whom to trust. */
export interface AdminCredentials extends CertificateAndKey {
  readonly caCertPem: string;
}

/** The administrator's, for the workstation, where the API server is at `port` of the loopback. */
export function adminKubeconfig(cluster: string, admin: AdminCredentials, port: number): string {
  return kubeconfig({
    cluster,
    user: ADMIN,
    server: `https://127.0.0.1:${port}`,
    caCertPem: admin.caCertPem,
    clientCertPem: admin.certPem,
    clientKeyPem: admin.keyPem,
  });
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
