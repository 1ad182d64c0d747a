// SPDX-License-Identifier: Apache-2.0
// The control plane as static pods: etcd, the API server, the controller manager and the scheduler of one controller.

import { stringify } from "yaml";
import { formatCidr } from "./cidr.ts";
import type { ClusterSettings, NodeSettings } from "./settings.ts";

export const PKI = "/etc/kubernetes/pki";
const ETCD_DATA = "/var/lib/etcd";

/**
 * The controller manager ends at once when it cannot ask the API server for the authorities of its own clients, and after 10 s
 * when it is not answered otherwise; each try costs its start. With the authorities as files and leader election it waits for the
 * lease. The times bear a machine so slow that an answer takes many seconds; after a crash the old lease holds for the duration.
 */
const WAIT_FOR_API_SERVER = {
  "client-ca-file": `${PKI}/kubernetes-ca.crt`,
  "requestheader-client-ca-file": `${PKI}/front-proxy-ca.crt`,
  "leader-elect": "true",
  "leader-elect-lease-duration": "45s",
  "leader-elect-renew-deadline": "40s",
  "leader-elect-retry-period": "4s",
};

/** Image references as the CRI server resolves them. */
export interface ControlPlaneImages {
  readonly kubernetes: string;
  readonly etcd: string;
}

interface StaticPod {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: "Never" | "IfNotPresent";
  readonly command: readonly string[];
  readonly volumes: readonly {
    readonly name: string;
    readonly path: string;
    readonly readOnly: boolean;
  }[];
  readonly health: {
    readonly port: number;
    readonly scheme: "HTTP" | "HTTPS";
    readonly live: string;
    readonly ready: string;
  };
  readonly cpu: string;
}

/** File name below /etc/kubernetes/manifests → manifest. */
export function staticPods(
  settings: ClusterSettings,
  node: NodeSettings,
  images: ControlPlaneImages,
): Readonly<Record<string, string>> {
  const pods = [
    etcd(node, images),
    apiServer(settings, node, images),
    controllerManager(settings, images),
    scheduler(images),
  ];
  return Object.fromEntries(pods.map((pod) => [`${pod.name}.yaml`, manifest(pod)]));
}

function etcd(node: NodeSettings, images: ControlPlaneImages): StaticPod {
  const certificate = {
    "cert-file": `${PKI}/etcd-server.crt`,
    "key-file": `${PKI}/etcd-server.key`,
    "trusted-ca-file": `${PKI}/etcd-ca.crt`,
  };
  return {
    name: "etcd",
    image: images.etcd,
    imagePullPolicy: "IfNotPresent",
    command: [
      "/usr/bin/etcd",
      ...flags({
        name: node.name,
        "data-dir": `${ETCD_DATA}/data`,
        "listen-client-urls": "https://127.0.0.1:2379",
        "advertise-client-urls": "https://127.0.0.1:2379",
        "listen-peer-urls": "https://127.0.0.1:2380",
        "initial-advertise-peer-urls": "https://127.0.0.1:2380",
        "initial-cluster": `${node.name}=https://127.0.0.1:2380`,
        "listen-metrics-urls": "http://127.0.0.1:2381",
        ...certificate,
        "client-cert-auth": "true",
        ...Object.fromEntries(
          Object.entries(certificate).map(([flag, path]) => [`peer-${flag}`, path]),
        ),
        "peer-client-cert-auth": "true",
        "auto-compaction-retention": "8",
      }),
    ],
    volumes: [
      { name: "pki", path: PKI, readOnly: true },
      { name: "data", path: ETCD_DATA, readOnly: false },
    ],
    health: { port: 2381, scheme: "HTTP", live: "/livez", ready: "/readyz" },
    cpu: "100m",
  };
}

function apiServer(
  settings: ClusterSettings,
  node: NodeSettings,
  images: ControlPlaneImages,
): StaticPod {
  return {
    name: "kube-apiserver",
    image: images.kubernetes,
    imagePullPolicy: "Never",
    command: [
      "/usr/bin/kube-apiserver",
      ...flags({
        "advertise-address": node.address,
        "allow-privileged": "true",
        "authorization-mode": "Node,RBAC",
        "client-ca-file": `${PKI}/kubernetes-ca.crt`,
        "enable-admission-plugins": "NodeRestriction",
        "enable-bootstrap-token-auth": "true",
        "etcd-cafile": `${PKI}/etcd-ca.crt`,
        "etcd-certfile": `${PKI}/etcd-client.crt`,
        "etcd-keyfile": `${PKI}/etcd-client.key`,
        "etcd-servers": "https://127.0.0.1:2379",
        "kubelet-client-certificate": `${PKI}/apiserver-kubelet-client.crt`,
        "kubelet-client-key": `${PKI}/apiserver-kubelet-client.key`,
        "kubelet-preferred-address-types": "InternalIP,Hostname",
        "proxy-client-cert-file": `${PKI}/front-proxy-client.crt`,
        "proxy-client-key-file": `${PKI}/front-proxy-client.key`,
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": `${PKI}/front-proxy-ca.crt`,
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "secure-port": "6443",
        "service-account-issuer": `https://kubernetes.default.svc.${settings.clusterDomain}`,
        "service-account-key-file": `${PKI}/service-account.pub`,
        "service-account-signing-key-file": `${PKI}/service-account.key`,
        "service-cluster-ip-range": formatCidr(settings.serviceRange),
        "tls-cert-file": `${PKI}/apiserver.crt`,
        "tls-private-key-file": `${PKI}/apiserver.key`,
      }),
    ],
    volumes: [{ name: "pki", path: PKI, readOnly: true }],
    health: { port: 6443, scheme: "HTTPS", live: "/livez", ready: "/readyz" },
    cpu: "250m",
  };
}

function controllerManager(settings: ClusterSettings, images: ControlPlaneImages): StaticPod {
  const credentials = "/etc/kubernetes/controller-manager.conf";
  return {
    name: "kube-controller-manager",
    image: images.kubernetes,
    imagePullPolicy: "Never",
    command: [
      "/usr/bin/kube-controller-manager",
      ...flags({
        "allocate-node-cidrs": "false",
        "authentication-kubeconfig": credentials,
        "authorization-kubeconfig": credentials,
        "bind-address": "127.0.0.1",
        "cluster-name": settings.name,
        "cluster-signing-cert-file": `${PKI}/kubernetes-ca.crt`,
        "cluster-signing-key-file": `${PKI}/kubernetes-ca.key`,
        kubeconfig: credentials,
        ...WAIT_FOR_API_SERVER,
        "root-ca-file": `${PKI}/kubernetes-ca.crt`,
        "service-account-private-key-file": `${PKI}/service-account.key`,
        "use-service-account-credentials": "true",
      }),
    ],
    volumes: [
      { name: "pki", path: PKI, readOnly: true },
      { name: "kubeconfig", path: credentials, readOnly: true },
    ],
    health: { port: 10257, scheme: "HTTPS", live: "/healthz", ready: "/healthz" },
    cpu: "200m",
  };
}

function scheduler(images: ControlPlaneImages): StaticPod {
  const credentials = "/etc/kubernetes/scheduler.conf";
  return {
    name: "kube-scheduler",
    image: images.kubernetes,
    imagePullPolicy: "Never",
    command: [
      "/usr/bin/kube-scheduler",
      ...flags({
        "authentication-kubeconfig": credentials,
        "authorization-kubeconfig": credentials,
        "bind-address": "127.0.0.1",
        kubeconfig: credentials,
        "leader-elect": "false",
      }),
    ],
    volumes: [{ name: "kubeconfig", path: credentials, readOnly: true }],
    health: { port: 10259, scheme: "HTTPS", live: "/livez", ready: "/readyz" },
    cpu: "100m",
  };
}

function manifest(pod: StaticPod): string {
  const probe = (path: string): object => ({
    httpGet: { host: "127.0.0.1", path, port: pod.health.port, scheme: pod.health.scheme },
    timeoutSeconds: 15,
  });
  return stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: pod.name,
      namespace: "kube-system",
      labels: { tier: "control-plane", "k8s-app": pod.name },
    },
    spec: {
      hostNetwork: true,
      priorityClassName: "system-node-critical",
      priority: 2_000_001_000,
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: pod.name,
          image: pod.image,
          imagePullPolicy: pod.imagePullPolicy,
          command: pod.command,
          resources: { requests: { cpu: pod.cpu } },
          // Slow machines start slowly: nothing is killed for it within ten minutes. Nor for answering slowly later: a new API server
          // costs an overloaded machine more than the old one did, so only one that is stuck for five minutes is started again.
          startupProbe: { ...probe(pod.health.live), periodSeconds: 5, failureThreshold: 120 },
          livenessProbe: { ...probe(pod.health.live), periodSeconds: 10, failureThreshold: 30 },
          readinessProbe: { ...probe(pod.health.ready), periodSeconds: 2, failureThreshold: 3 },
          volumeMounts: pod.volumes.map((volume) => ({
            name: volume.name,
            mountPath: volume.path,
            readOnly: volume.readOnly,
          })),
        },
      ],
      volumes: pod.volumes.map((volume) => ({
        name: volume.name,
        hostPath: { path: volume.path },
      })),
    },
  });
}

function flags(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
