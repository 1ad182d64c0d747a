// SPDX-License-Identifier: Apache-2.0
// kube-proxy on every node, with nftables.

import { stringify } from "yaml";
import { formatCidr } from "../cidr.ts";
import type { ClusterSettings } from "../settings.ts";
import { clusterRoleBinding, type KubernetesObject, serviceAccount } from "./kubernetes-object.ts";

/** `image` holds the Kubernetes programs and is on the node already. */
export function kubeProxy(settings: ClusterSettings, image: string): readonly KubernetesObject[] {
  const name = "kube-proxy";
  const labels = { "k8s-app": name };
  return [
    serviceAccount(name),
    clusterRoleBinding("corefly:node-proxier", "system:node-proxier", {
      kind: "ServiceAccount",
      name,
      namespace: "kube-system",
    }),
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace: "kube-system" },
      data: {
        "config.yaml": kubeProxyConfiguration(settings),
        "kubeconfig.yaml": KUBE_PROXY_KUBECONFIG,
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name, namespace: "kube-system", labels },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            hostNetwork: true,
            priorityClassName: "system-node-critical",
            serviceAccountName: name,
            tolerations: [{ operator: "Exists" }],
            containers: [
              {
                name,
                image: image,
                imagePullPolicy: "Never",
                command: [
                  "/usr/bin/kube-proxy",
                  "--config=/etc/kube-proxy/config.yaml",
                  "--hostname-override=$(NODE_NAME)",
                ],
                env: [
                  { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
                ],
                securityContext: { privileged: true },
                readinessProbe: {
                  httpGet: { host: "127.0.0.1", path: "/healthz", port: 10256 },
                  periodSeconds: 2,
                },
                volumeMounts: [
                  { name: "config", mountPath: "/etc/kube-proxy", readOnly: true },
                  { name: "modules", mountPath: "/lib/modules", readOnly: true },
                ],
              },
            ],
            volumes: [
              { name: "config", configMap: { name } },
              { name: "modules", hostPath: { path: "/lib/modules" } },
            ],
          },
        },
      },
    },
  ];
}

function kubeProxyConfiguration(settings: ClusterSettings): string {
  return stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    clusterCIDR: formatCidr(settings.podRange),
    clientConnection: { kubeconfig: "/etc/kube-proxy/kubeconfig.yaml" },
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
  });
}

/** By the node's own API server: a Service's address works only once kube-proxy does. */
const KUBE_PROXY_KUBECONFIG = stringify({
  apiVersion: "v1",
  kind: "Config",
  clusters: [
    {
      name: "local",
      cluster: {
        server: "https://127.0.0.1:6443",
        "certificate-authority": "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
      },
    },
  ],
  users: [
    {
      name: "kube-proxy",
      user: { tokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token" },
    },
  ],
  contexts: [{ name: "local", context: { cluster: "local", user: "kube-proxy" } }],
  "current-context": "local",
});
