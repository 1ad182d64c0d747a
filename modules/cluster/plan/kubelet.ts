// SPDX-License-Identifier: Apache-2.0
// The kubelet in fly mode: its configuration, the paths of the host that it lives with, and its systemd unit.

import { stringify } from "yaml";
import type { ClusterSettings, NodeSettings } from "./settings.ts";
import { PKI } from "./static-pods.ts";

export const KUBELET_CONFIG = "/etc/kubernetes/kubelet.yaml";
export const KUBELET_KUBECONFIG = "/etc/kubernetes/kubelet.conf";

/** KubeletConfiguration (kubelet.config.k8s.io/v1beta1). */
export function kubeletConfiguration(settings: ClusterSettings): string {
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: "unix:///run/corefly/cri.sock",
    staticPodPath: "/etc/kubernetes/manifests",
    cgroupDriver: "systemd",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${PKI}/kubernetes-ca.crt` },
    },
    authorization: { mode: "Webhook" },
    clusterDomain: settings.clusterDomain,
    clusterDNS: [settings.dnsAddress],
    readOnlyPort: 0,
    resolvConf: settings.os.resolvConf,
    volumePluginDir: "/var/lib/kubelet/volumeplugins",
    serializeImagePulls: false,
    // The control plane's programs end when the API server is not there yet: waiting minutes for their next try would be
    // the longest part of a boot.
    crashLoopBackOff: { maxContainerRestartPeriod: "20s" },
    shutdownGracePeriod: "45s",
    shutdownGracePeriodCriticalPods: "30s",
  });
}

interface HostPath {
  readonly name: string;
  readonly path: string;
  readonly readOnly?: boolean;
  /** `shared`: one peer group with the host, so that what the kubelet mounts there is seen by the CRI server. */
  readonly propagation: "shared" | "slave";
}

/** The host's paths at the same place in the kubelet's root, each with its reason in docs/architecture.md. */
const HOST_PATHS: readonly HostPath[] = [
  { name: "kubelet", path: "/var/lib/kubelet", propagation: "shared" },
  { name: "run", path: "/run", propagation: "slave" },
  { name: "logs", path: "/var/log", propagation: "slave" },
  { name: "kubernetes", path: "/etc/kubernetes", propagation: "slave" },
  { name: "etcd", path: "/var/lib/etcd", propagation: "slave" },
  { name: "store", path: "/var/lib/corefly", readOnly: true, propagation: "slave" },
  { name: "modules", path: "/lib/modules", readOnly: true, propagation: "slave" },
  { name: "machine-id", path: "/etc/machine-id", readOnly: true, propagation: "slave" },
  { name: "os-release", path: "/etc/os-release", readOnly: true, propagation: "slave" },
];

/** `kubelet.service`: systemd's main process becomes the kubelet itself. */
export function kubeletUnit(settings: ClusterSettings, node: NodeSettings, image: string): string {
  const labels = Object.entries(settings.nodeLabels).map(([key, value]) => `${key}=${value}`);
  const command = [
    ...flyCommand(image, "/usr/bin/kubelet", HOST_PATHS, [
      "--uuid-file-save=/run/corefly/kubelet.uuid",
      // Its root has no /var/run, where it would look for logind, which lets it end the pods before the machine goes down.
      "--set-env=DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket",
    ]),
    `--config=${KUBELET_CONFIG}`,
    `--kubeconfig=${KUBELET_KUBECONFIG}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.address}`,
    ...(labels.length > 0 ? [`--node-labels=${labels.join(",")}`] : []),
  ];
  return `[Unit]
Description=Kubelet in fly mode
Documentation=https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/
Wants=network-online.target
After=network-online.target corefly-install.service corefly-cri.service
Requires=corefly-install.service
Wants=corefly-cri.service
RequiresMountsFor=/var/lib/etcd /var/lib/kubelet

[Service]
Delegate=yes
Slice=system.slice
ExecStart=${execLine(command)}
Restart=always
RestartSec=5
OOMScoreAdjust=-999
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`;
}

/** `corefly run --stage1=fly`, the way privileged tools are run: verified image, chroot, the host's namespaces. */
export function flyCommand(
  image: string,
  program: string,
  paths: readonly HostPath[],
  options: readonly string[] = [],
): readonly string[] {
  return [
    "/opt/corefly/bin/corefly",
    "run",
    "--stage1=fly",
    ...options,
    ...paths.map(
      ({ name, path, readOnly, propagation }) =>
        `--volume=${name},kind=host,source=${path},recursive=true,readOnly=${readOnly === true},propagation=${propagation}`,
    ),
    ...paths.map(({ name, path }) => `--mount=volume=${name},target=${path}`),
    "--dns=host",
    "--hosts-entry=host",
    image,
    `--exec=${program}`,
    "--",
  ];
}

/** One argument a line, as systemd reads it (systemd.service(5), "COMMAND LINES"). */
export function execLine(command: readonly string[]): string {
  return command.map(quote).join(" \\\n  ");
}

function quote(argument: string): string {
  const escaped = argument.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[A-Za-z0-9_@%+=:,./$-]+$/.test(escaped)
    ? escaped
    : `"${escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
