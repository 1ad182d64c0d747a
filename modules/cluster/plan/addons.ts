// SPDX-License-Identifier: Apache-2.0
// What every cluster gets applied on top of its control plane: kube-proxy, CoreDNS, and the user's manifests.

import { createHash } from "node:crypto";
import { parseAllDocuments, stringify } from "yaml";
import { formatCidr } from "./cidr.ts";
import { InvalidArgumentError } from "./invalid-argument-error.ts";
import type { ClusterSettings } from "./settings.ts";

/** Every addon has it; its value names the set of addons, so that those of an older set are found and removed. */
const ADDON_LABEL = "corefly.dev/addons";

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface AddonImages {
  readonly kubernetes: string;
  readonly coredns: string;
}

/** A set of addons, as files for the controller. */
export interface AddonSet {
  /** File name below /etc/kubernetes/addons → manifest, each object with the addons' label. */
  readonly files: Readonly<Record<string, string>>;
  /** Selects what an older set had and this one does not. */
  readonly outdatedSelector: string;
  /** What kubectl removes of it, by resource and group. */
  readonly outdatedKinds: readonly string[];
}

/**
 * Plans the addons of every cluster and the user's own.
 *
 * @throws InvalidArgumentError for a manifest that is no Kubernetes object
 */
export function planAddons(
  settings: ClusterSettings,
  images: AddonImages,
  manifests: readonly string[],
): AddonSet {
  const objects: Readonly<Record<string, readonly KubernetesObject[]>> = {
    "kubelet-access.yaml": kubeletAccess(),
    "kube-proxy.yaml": kubeProxy(settings, images),
    "coredns.yaml": coreDns(settings, images),
    ...Object.fromEntries(
      manifests.map((text, index) => [
        `manifest-${index}.yaml`,
        parseManifest(text, `manifests[${index}]`),
      ]),
    ),
  };
  const set = createHash("sha256").update(JSON.stringify(objects)).digest("hex").slice(0, 16);
  return {
    files: mapValues(objects, (all) => documents(all, set)),
    outdatedSelector: `${ADDON_LABEL},${ADDON_LABEL}!=${set}`,
    outdatedKinds: OUTDATED_KINDS,
  };
}

/** Kinds that addons are made of. Namespaces are left: they hold what others put there. */
const OUTDATED_KINDS: readonly string[] = [
  "deployments.apps",
  "daemonsets.apps",
  "statefulsets.apps",
  "jobs.batch",
  "cronjobs.batch",
  "pods",
  "services",
  "ingresses.networking.k8s.io",
  "networkpolicies.networking.k8s.io",
  "poddisruptionbudgets.policy",
  "configmaps",
  "secrets",
  "serviceaccounts",
  "roles.rbac.authorization.k8s.io",
  "rolebindings.rbac.authorization.k8s.io",
  "clusterroles.rbac.authorization.k8s.io",
  "clusterrolebindings.rbac.authorization.k8s.io",
];

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** Reads a user's YAML: one or more Kubernetes objects, or a List of them. */
function parseManifest(text: string, argument: string): readonly KubernetesObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      throw new InvalidArgumentError(argument, firstLine(error.message), { cause: error });
    }
    const value: unknown = document.toJS();
    return value === null ? [] : objects(value, argument);
  });
}

/** The YAML parser draws the place below its message. */
function firstLine(message: string): string {
  return message.split("\n", 1).join("").replace(/:$/, "");
}

function objects(value: unknown, argument: string): readonly KubernetesObject[] {
  if (isRecord(value) && value["kind"] === "List" && Array.isArray(value["items"])) {
    return value["items"].flatMap((item) => objects(item, argument));
  }
  if (!isObject(value)) {
    throw new InvalidArgumentError(
      argument,
      "a document is no Kubernetes object, expected apiVersion, kind and metadata.name",
    );
  }
  return [value];
}

function isObject(value: unknown): value is KubernetesObject {
  return (
    isRecord(value) &&
    typeof value["apiVersion"] === "string" &&
    typeof value["kind"] === "string" &&
    isRecord(value["metadata"]) &&
    typeof value["metadata"]["name"] === "string"
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function documents(all: readonly KubernetesObject[], set: string): string {
  return all
    .map((object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        labels: { ...object.metadata.labels, [ADDON_LABEL]: set },
      },
    }))
    .map((object) => stringify(object))
    .join("---\n");
}

/** The API server reaches kubelets as a user of its own, which may do that and nothing else. */
function kubeletAccess(): readonly KubernetesObject[] {
  return [
    clusterRoleBinding("corefly:kubelet-api", "system:kubelet-api-admin", {
      kind: "User",
      apiGroup: "rbac.authorization.k8s.io",
      name: "kube-apiserver-kubelet-client",
    }),
  ];
}

function kubeProxy(settings: ClusterSettings, images: AddonImages): readonly KubernetesObject[] {
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
                image: images.kubernetes,
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

function coreDns(settings: ClusterSettings, images: AddonImages): readonly KubernetesObject[] {
  const name = "coredns";
  const labels = { "k8s-app": "kube-dns" };
  return [
    serviceAccount(name),
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "corefly:coredns" },
      rules: [
        {
          apiGroups: [""],
          resources: ["services", "pods", "namespaces"],
          verbs: ["list", "watch"],
        },
        {
          apiGroups: ["discovery.k8s.io"],
          resources: ["endpointslices"],
          verbs: ["list", "watch"],
        },
      ],
    },
    clusterRoleBinding("corefly:coredns", "corefly:coredns", {
      kind: "ServiceAccount",
      name,
      namespace: "kube-system",
    }),
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace: "kube-system" },
      data: { Corefile: corefile(settings) },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace: "kube-system", labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: coreDnsPod(images) },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace: "kube-system", labels },
      spec: {
        selector: labels,
        clusterIP: settings.dnsAddress,
        ports: [
          { name: "dns", port: 53, protocol: "UDP" },
          { name: "dns-tcp", port: 53, protocol: "TCP" },
          { name: "metrics", port: 9153, protocol: "TCP" },
        ],
      },
    },
  ];
}

function coreDnsPod(images: AddonImages): object {
  return {
    serviceAccountName: "coredns",
    priorityClassName: "system-cluster-critical",
    dnsPolicy: "Default",
    // CoreDNS is nobody special, and port 53 is its own in the pod's network.
    securityContext: { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }] },
    tolerations: [{ operator: "Exists" }],
    containers: [
      {
        name: "coredns",
        image: images.coredns,
        imagePullPolicy: "IfNotPresent",
        args: ["-conf", "/etc/coredns/Corefile"],
        resources: { requests: { cpu: "100m", memory: "70Mi" }, limits: { memory: "170Mi" } },
        ports: [
          { name: "dns", containerPort: 53, protocol: "UDP" },
          { name: "dns-tcp", containerPort: 53, protocol: "TCP" },
        ],
        livenessProbe: {
          httpGet: { path: "/health", port: 8080 },
          initialDelaySeconds: 60,
          timeoutSeconds: 5,
        },
        readinessProbe: {
          httpGet: { path: "/ready", port: 8181 },
          periodSeconds: 2,
          timeoutSeconds: 5,
        },
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          readOnlyRootFilesystem: true,
        },
        volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
      },
    ],
    volumes: [{ name: "config", configMap: { name: "coredns" } }],
  };
}

function corefile(settings: ClusterSettings): string {
  return `.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes ${settings.clusterDomain} in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
`;
}

function serviceAccount(name: string): KubernetesObject {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "kube-system" } };
}

function clusterRoleBinding(name: string, role: string, subject: object): KubernetesObject {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [subject],
  };
}
