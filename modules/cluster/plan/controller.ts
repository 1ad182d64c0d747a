// SPDX-License-Identifier: Apache-2.0
// The Ignition config of a controller: everything that makes a bare CoreOS machine a control plane that also takes work.

import type { Directory, File, IgnitionConfig, Unit } from "ignition-config-types";
import { build } from "../../ignition/build/config.ts";
import { filesystem } from "../../ignition/build/disk.ts";
import { directory, file } from "../../ignition/build/file.ts";
import { user } from "../../ignition/build/passwd.ts";
import { unit } from "../../ignition/build/unit.ts";
import type { AddonSet } from "./addons/addon-set.ts";
import { bridgeNetwork } from "./cni.ts";
import { kubeconfig } from "./kubeconfig.ts";
import {
  KUBELET_CONFIG,
  KUBELET_KUBECONFIG,
  kubeletConfiguration,
  kubeletUnit,
} from "./kubelet.ts";
import type { NodeSecrets } from "./node-secrets.ts";
import { operatorFiles, operatorLinks } from "./operator-files.ts";
import { API_SERVER_PORT } from "./ports.ts";
import {
  addonsUnit,
  criUnit,
  GC_TIMER,
  GC_UNIT,
  installUnit,
  KUBELET_MOUNT_UNIT,
  runtimeFolder,
  SUPPORT_TIMER,
  SUPPORT_UNIT,
  wrapper,
} from "./runtime-units.ts";
import type { ClusterSettings, NodeSettings } from "./settings.ts";
import { type ControlPlaneImages, PKI, staticPods } from "./static-pods.ts";

/** A file that the node fetches from the mirror at first boot. */
export interface Download {
  readonly url: string;
  readonly sha512: string;
}

/** An entry of registries.d. */
export interface RegistryMirror {
  readonly prefix: string;
  readonly location: string;
  /** Template of appc discovery for ACIs. */
  readonly aci?: string;
}

/** What a controller's config is made of besides the cluster's settings. */
export interface ControllerParts {
  readonly runtimeVersion: string;
  /** Archives that are unpacked into the runtime's folder. */
  readonly archives: Readonly<Record<string, Download>>;
  /** The runtime's program, `corefly.mjs`. */
  readonly runtime: Download;
  /** Image reference of the kubelet as `corefly run` takes it. */
  readonly kubeletImage: string;
  readonly images: ControlPlaneImages;
  /** Of registries.d: where images of a name prefix are fetched instead. */
  readonly mirrors: readonly RegistryMirror[];
  readonly secrets: NodeSecrets;
  readonly addons: AddonSet;
  /** The device of the disk that keeps etcd's data. */
  readonly etcdDevice: string;
  /** Units of the platform, by name. */
  readonly platformUnits: Readonly<Record<string, string>>;
}

/** The whole config; snippets are merged on top by the caller. */
export function controllerConfig(
  settings: ClusterSettings,
  node: NodeSettings,
  parts: ControllerParts,
): IgnitionConfig {
  return build({
    directories: directories(),
    files: [
      ...systemFiles(settings, node),
      ...operatorFiles(),
      ...runtimeFiles(node, parts),
      ...kubernetesFiles(settings, node, parts),
      ...pkiFiles(parts.secrets),
    ],
    links: operatorLinks(parts.runtimeVersion),
    filesystems: [
      filesystem(parts.etcdDevice, { format: "ext4", label: "etcd", path: "/var/lib/etcd" }),
    ],
    units: units(settings, node, parts),
    users:
      settings.sshAuthorizedKeys.length > 0
        ? [user("core", { sshAuthorizedKeys: [...settings.sshAuthorizedKeys] })]
        : [],
  });
}

function directories(): readonly Directory[] {
  return [
    directory("/etc/kubernetes/manifests", { mode: 0o700 }),
    directory("/var/lib/kubelet", { mode: 0o700 }),
    directory("/var/lib/corefly", { mode: 0o711 }),
    directory("/var/log/pods"),
    directory("/var/log/containers"),
  ];
}

function systemFiles(settings: ClusterSettings, node: NodeSettings): readonly File[] {
  return [
    file("/etc/hostname", { content: `${node.name}\n`, overwrite: true }),
    file("/etc/modules-load.d/corefly.conf", {
      content: ["br_netfilter", "nf_conntrack", "overlay", ""].join("\n"),
    }),
    file("/etc/sysctl.d/80-corefly.conf", {
      content: [
        "net.ipv4.ip_forward = 1",
        "net.bridge.bridge-nf-call-iptables = 1",
        "fs.inotify.max_user_instances = 8192",
        "fs.inotify.max_user_watches = 524288",
        "vm.overcommit_memory = 1",
        "kernel.panic = 10",
        "",
      ].join("\n"),
    }),
    // The kubelet asks for a shutdown delay of its pods' grace period.
    file("/etc/systemd/logind.conf.d/80-corefly.conf", {
      content: "[Login]\nInhibitDelayMaxSec=45\n",
    }),
    file("/etc/corefly/net.d/10-cluster.conflist", { content: bridgeNetwork(node.podRange) }),
    file("/etc/corefly/cluster.json", {
      content: `${JSON.stringify({ cluster: settings.name, node: node.name })}\n`,
    }),
  ];
}

function runtimeFiles(node: NodeSettings, parts: ControllerParts): readonly File[] {
  const { secrets, runtimeVersion } = parts;
  const folder = runtimeFolder(runtimeVersion);
  const mirrors = { rktKind: "registries", rktVersion: "v1", mirrors: parts.mirrors };
  return [
    ...Object.entries(parts.archives).map(([name, { url, sha512 }]) =>
      file(`${folder}/${name}.tar`, { source: url, sha512, mode: 0o600 }),
    ),
    file(`${folder}/corefly.mjs`, { source: parts.runtime.url, sha512: parts.runtime.sha512 }),
    file("/opt/corefly/bin/corefly", { content: wrapper(runtimeVersion), mode: 0o755 }),
    file(`/etc/corefly/trustedkeys/prefix.d/corefly.dev/${secrets.signingKey.fingerprint}`, {
      content: secrets.signingKey.publicKey,
    }),
    file("/etc/corefly/registries.d/mirror.json", { content: `${JSON.stringify(mirrors)}\n` }),
    file(KUBELET_KUBECONFIG, {
      content: localKubeconfig(node.name, secrets, `kubelet-${node.name}`),
      mode: 0o600,
    }),
  ];
}

function kubernetesFiles(
  settings: ClusterSettings,
  node: NodeSettings,
  parts: ControllerParts,
): readonly File[] {
  const credentials = ["controller-manager", "scheduler", "addons"];
  return [
    file(KUBELET_CONFIG, { content: kubeletConfiguration(settings) }),
    ...credentials.map((name) =>
      file(`/etc/kubernetes/${name}.conf`, {
        content: localKubeconfig(settings.name, parts.secrets, name),
        mode: 0o600,
      }),
    ),
    ...Object.entries(staticPods(settings, node, parts.images)).map(([name, content]) =>
      file(`/etc/kubernetes/manifests/${name}`, { content, mode: 0o600 }),
    ),
    ...Object.entries(parts.addons.files).map(([name, content]) =>
      file(`/etc/kubernetes/addons/${name}`, { content, mode: 0o600 }),
    ),
  ];
}

/** A kubeconfig for the controller's own API server. */
function localKubeconfig(cluster: string, secrets: NodeSecrets, certificate: string): string {
  const { certPem, keyPem } = certificateNamed(secrets, certificate);
  return kubeconfig({
    cluster,
    user: certificate,
    server: `https://127.0.0.1:${API_SERVER_PORT}`,
    caCertPem: secrets.authorities.kubernetes.certPem,
    clientCertPem: certPem,
    clientKeyPem: keyPem,
  });
}

function certificateNamed(secrets: NodeSecrets, name: string): { certPem: string; keyPem: string } {
  const found = secrets.certificates[name];
  if (found === undefined) {
    throw new Error(`The plan has no certificate "${name}"`);
  }
  return found;
}

/** Certificates that processes read from files; those inside of kubeconfigs are not repeated. */
const PKI_CERTIFICATES = [
  "apiserver",
  "apiserver-kubelet-client",
  "front-proxy-client",
  "etcd-server",
  "etcd-client",
];

function pkiFiles(secrets: NodeSecrets): readonly File[] {
  const secret = (name: string, content: string): File =>
    file(`${PKI}/${name}`, { content, mode: 0o600 });
  return [
    ...Object.entries(secrets.authorities).map(([name, { certPem }]) =>
      file(`${PKI}/${name}-ca.crt`, { content: certPem }),
    ),
    // The controller manager signs kubelets' certificates.
    secret("kubernetes-ca.key", secrets.authorities.kubernetes.keyPem),
    ...PKI_CERTIFICATES.flatMap((name) => {
      const { certPem, keyPem } = certificateNamed(secrets, name);
      return [file(`${PKI}/${name}.crt`, { content: certPem }), secret(`${name}.key`, keyPem)];
    }),
    file(`${PKI}/service-account.pub`, { content: secrets.serviceAccount.publicKeyPem }),
    secret("service-account.key", secrets.serviceAccount.privateKeyPem),
  ];
}

function units(
  settings: ClusterSettings,
  node: NodeSettings,
  parts: ControllerParts,
): readonly Unit[] {
  const { runtimeVersion } = parts;
  const archives = Object.keys(parts.archives).map(
    (name) => `${runtimeFolder(runtimeVersion)}/${name}.tar`,
  );
  const started: Readonly<Record<string, string>> = {
    "var-lib-etcd.mount": etcdMount(parts.etcdDevice),
    "corefly-etcd-grow.service": ETCD_GROW_UNIT,
    "corefly-kubelet-mount.service": KUBELET_MOUNT_UNIT,
    "corefly-install.service": installUnit(runtimeVersion, archives),
    "corefly-cri.service": criUnit(runtimeVersion),
    "kubelet.service": kubeletUnit(settings, node, parts.kubeletImage),
    "corefly-addons.service": addonsUnit(parts.kubeletImage, parts.addons),
    "corefly-gc.timer": GC_TIMER,
    "corefly-support.timer": SUPPORT_TIMER,
    ...parts.platformUnits,
  };
  return [
    ...Object.entries(started).map(([name, contents]) => unit(name, { contents, enabled: true })),
    unit("corefly-gc.service", { contents: GC_UNIT }),
    unit("corefly-support.service", { contents: SUPPORT_UNIT }),
  ];
}

/** The file system grows with its disk; systemd has this for lines of fstab only (`x-systemd.growfs`). */
const ETCD_GROW_UNIT = `[Unit]
Description=Grow the file system of etcd's data to its disk
DefaultDependencies=no
BindsTo=var-lib-etcd.mount
After=var-lib-etcd.mount
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/systemd/systemd-growfs /var/lib/etcd

[Install]
WantedBy=var-lib-etcd.mount
`;

function etcdMount(device: string): string {
  return `[Unit]
Description=etcd's data, on a disk that outlives the machine
Before=local-fs.target

[Mount]
What=${device}
Where=/var/lib/etcd
Type=ext4

[Install]
RequiredBy=local-fs.target
`;
}
