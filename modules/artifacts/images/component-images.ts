// SPDX-License-Identifier: Apache-2.0
// What is in the images of the cluster's components.

import type { ImageApp, ImageFile, ImageRecipe } from "../artifact.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The programs that the Kubernetes binary is, by the name it is called with. */
export const KUBERNETES_PROGRAMS = [
  "kubelet",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
  "kubectl",
] as const;

/** Nobody special: images that need no rights run as this user. */
const UNPRIVILEGED = "65532";

/** The multi-call binary, what the kubelet and kube-proxy run, and the certificates of the public authorities. */
export function kubernetesImage(
  format: "aci" | "oci",
): ImageRecipe<"kubernetes" | "kubernetes-tools"> {
  return {
    kind: "image",
    format,
    name: "corefly.dev/kubernetes",
    app: app({ exec: ["/usr/bin/kubelet"], user: "0" }),
    files: [
      { archive: "kubernetes-tools" },
      { path: "/usr/bin/kubernetes", artifact: "kubernetes", mode: "0755" },
      ...KUBERNETES_PROGRAMS.map((name) => ({ path: `/usr/bin/${name}`, link: "kubernetes" })),
      ...accounts(),
      ...folders(["/dev", "/proc", "/sys", "/run", "/opt", "/var/lib", "/var/log"]),
      { path: "/etc/kubernetes", directory: true, mode: "0755" },
    ],
  };
}

/** etcd alone. */
export function etcdImage(): ImageRecipe<"etcd"> {
  return {
    kind: "image",
    format: "oci",
    name: "corefly.dev/etcd",
    app: app({ exec: ["/usr/bin/etcd"], user: "0" }),
    files: [
      { path: "/usr/bin/etcd", artifact: "etcd", mode: "0755" },
      ...accounts(),
      ...folders(["/var/lib/etcd"]),
    ],
  };
}

/** CoreDNS alone. Kubernetes manifests give it its Corefile and the right to bind port 53. */
export function corednsImage(): ImageRecipe<"coredns"> {
  return {
    kind: "image",
    format: "oci",
    name: "corefly.dev/coredns",
    app: app({ exec: ["/usr/bin/coredns"], user: UNPRIVILEGED }),
    files: [
      { path: "/usr/bin/coredns", artifact: "coredns", mode: "0755" },
      ...accounts(),
      ...folders(["/etc/coredns"]),
    ],
  };
}

/** Caddy with a page that says where it runs, on port 8080. */
export function caddyImage(): ImageRecipe<"caddy"> {
  return {
    kind: "image",
    format: "oci",
    name: "corefly.dev/caddy",
    app: {
      ...app({
        exec: [
          "/usr/bin/caddy",
          "run",
          "--config",
          "/etc/caddy/Caddyfile",
          "--adapter",
          "caddyfile",
        ],
        user: UNPRIVILEGED,
        environment: { XDG_CONFIG_HOME: "/config", XDG_DATA_HOME: "/data" },
      }),
      ports: [{ name: "http", protocol: "tcp", port: 8080 }],
    },
    files: [
      { path: "/usr/bin/caddy", artifact: "caddy", mode: "0755" },
      { path: "/etc/caddy/Caddyfile", asset: "caddy/Caddyfile", mode: "0644" },
      { path: "/srv/index.html", asset: "caddy/index.html", mode: "0644" },
      ...accounts(),
      ...["/config", "/data"].map((path) => ({
        path,
        directory: true as const,
        mode: "0755",
        uid: Number(UNPRIVILEGED),
        gid: Number(UNPRIVILEGED),
      })),
    ],
  };
}

/** The programs of busybox that scripts of tests and of curious people use. */
const BUSYBOX_PROGRAMS =
  "awk cat chmod chroot cp cut date dd df echo env false find grep head hostname httpd id ip kill ln ls mkdir mount mv nc nslookup pidof ping printf ps pwd rm sed seq sh sha256sum sleep sort stat stty sync tail tar tee test timeout touch tr true umount uname vi wc wget which whoami xargs";

/** Busybox, for a shell in the cluster and for tests. */
export function busyboxImage(): ImageRecipe<"busybox"> {
  return {
    kind: "image",
    format: "oci",
    name: "corefly.dev/busybox",
    app: app({ exec: ["/bin/sh"], user: "0" }),
    files: [
      { archive: "busybox" },
      ...BUSYBOX_PROGRAMS.split(" ").map((name) => ({ path: `/usr/bin/${name}`, link: "busybox" })),
      ...accounts(),
      ...folders(["/root", "/var"]),
    ],
  };
}

function app(options: {
  readonly exec: readonly string[];
  readonly user: string;
  readonly environment?: Readonly<Record<string, string>>;
}): ImageApp {
  const environment = { PATH, ...options.environment };
  return {
    exec: options.exec,
    environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
    workingDirectory: "/",
    user: options.user,
    group: options.user,
  };
}

/** Accounts by name for programs that look themselves up, and the folder for temporary files. */
function accounts(): readonly ImageFile<never>[] {
  return [
    {
      path: "/etc/passwd",
      content: `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${UNPRIVILEGED}:${UNPRIVILEGED}:nonroot:/:/sbin/nologin\n`,
      mode: "0644",
    },
    {
      path: "/etc/group",
      content: `root:x:0:\nnonroot:x:${UNPRIVILEGED}:\n`,
      mode: "0644",
    },
    { path: "/tmp", directory: true, mode: "1777" },
  ];
}

function folders(paths: readonly string[]): readonly ImageFile<never>[] {
  return paths.map((path) => ({ path, directory: true, mode: "0755" }));
}
