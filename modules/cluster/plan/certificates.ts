// SPDX-License-Identifier: Apache-2.0
// Which certificates a cluster needs: for whom, signed by which authority, valid for which names.

import { addressAt, type Cidr } from "./cidr.ts";

export type AuthorityName = "kubernetes" | "etcd" | "front-proxy";

/** One certificate to be made; `file` is its path below /etc/kubernetes/pki without ending. */
export interface CertificatePlan {
  readonly name: string;
  readonly authority: AuthorityName;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly usages: readonly ("server" | "client")[];
}

/** The certificate that no node has: it is the workstation's. */
export const ADMIN = "admin";

export const AUTHORITIES: Readonly<Record<AuthorityName, string>> = {
  kubernetes: "corefly-kubernetes-ca",
  etcd: "corefly-etcd-ca",
  "front-proxy": "corefly-front-proxy-ca",
};

/** What the names in the API server's certificate follow from. */
export interface CertificateNames {
  readonly serviceRanges: readonly Cidr[];
  readonly clusterDomain: string;
  readonly endpoints: readonly string[];
  readonly nodes: readonly { readonly name: string; readonly address: string }[];
}

/** Every certificate of the cluster but the nodes' own kubelets'. */
export function clusterCertificates(names: CertificateNames): readonly CertificatePlan[] {
  const etcdNames = {
    dnsNames: ["localhost", ...names.nodes.map((node) => node.name)],
    ipAddresses: ["127.0.0.1", "::1", ...names.nodes.map((node) => node.address)],
  };
  return [
    {
      name: "apiserver",
      authority: "kubernetes",
      commonName: "kube-apiserver",
      organizations: [],
      ...apiServerNames(names),
      usages: ["server"],
    },
    client("apiserver-kubelet-client", "kubernetes", "kube-apiserver-kubelet-client"),
    client("controller-manager", "kubernetes", "system:kube-controller-manager"),
    client("scheduler", "kubernetes", "system:kube-scheduler"),
    client(ADMIN, "kubernetes", "kubernetes-admin", ["system:masters"]),
    client("addons", "kubernetes", "corefly-addons", ["system:masters"]),
    client("front-proxy-client", "front-proxy", "front-proxy-client"),
    {
      name: "etcd-server",
      authority: "etcd",
      commonName: "etcd-server",
      organizations: [],
      ...etcdNames,
      usages: ["server", "client"],
    },
    client("etcd-client", "etcd", "etcd-client"),
  ];
}

/** The kubelet's client certificate: the node authorizer knows it by user and group. */
export function kubeletCertificate(node: string): CertificatePlan {
  return client(`kubelet-${node}`, "kubernetes", `system:node:${node}`, ["system:nodes"]);
}

function client(
  name: string,
  authority: AuthorityName,
  commonName: string,
  organizations: readonly string[] = [],
): CertificatePlan {
  return {
    name,
    authority,
    commonName,
    organizations,
    dnsNames: [],
    ipAddresses: [],
    usages: ["client"],
  };
}

/** The first address of every service range is a `kubernetes` Service's; endpoints may be given with or without a port. */
function apiServerNames(names: CertificateNames): {
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
} {
  const hosts = [
    ...names.endpoints.map(hostOf),
    ...names.nodes.flatMap((node) => [node.name, node.address]),
    "127.0.0.1",
    "localhost",
  ];
  const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  return {
    dnsNames: unique([
      ...service,
      `kubernetes.default.svc.${names.clusterDomain}`,
      ...hosts.filter((host) => !isAddress(host)),
    ]),
    ipAddresses: unique([
      ...names.serviceRanges.map((range) => addressAt(range, 1, "serviceCidr")),
      ...hosts.filter(isAddress),
    ]),
  };
}

function hostOf(endpoint: string): string {
  const url = endpoint.includes("://") ? endpoint : `https://${endpoint}`;
  return new URL(url).hostname.replace(/^\[(.*)\]$/, "$1");
}

function isAddress(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) || host.includes(":");
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
