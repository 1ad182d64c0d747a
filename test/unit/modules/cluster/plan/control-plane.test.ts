// SPDX-License-Identifier: Apache-2.0
// What keeps a control plane safe and lets it start: who may ask whom, which files its programs find, what a second boot does.
import { describe, expect, it } from "@jest/globals";
import type { IgnitionConfig } from "ignition-config-types";
import { parse } from "yaml";
import {
  controllerIgnition,
  NODE_DOWNLOADS,
  planCluster,
} from "../../../../../modules/cluster/plan/cluster-plan.ts";
import { bridgeNetwork } from "../../../../../modules/cluster/plan/cni.ts";
import { kubeletConfiguration } from "../../../../../modules/cluster/plan/kubelet.ts";
import { placeholderSecrets } from "../../../../../modules/cluster/plan/node-secrets.ts";
import { staticPods } from "../../../../../modules/cluster/plan/static-pods.ts";
import { decodeDataUrl } from "../../../../../modules/ignition/data-url.ts";

const plan = planCluster({ name: "lab", identity: "test", architecture: "amd64" });
const { settings } = plan;
const [node] = settings.controllers;
if (node === undefined) throw new Error("no controller");

const digests = Object.fromEntries(
  NODE_DOWNLOADS.map((name) => [name, { sha512: "0".repeat(128) }]),
);
const config: IgnitionConfig = JSON.parse(
  controllerIgnition(plan, node, {}, placeholderSecrets(plan.certificates), digests),
);
const unit = (name: string) => config.systemd?.units?.find((each) => each.name === name);

interface Pod {
  readonly spec: {
    readonly containers: readonly [
      {
        readonly livenessProbe: {
          readonly periodSeconds: number;
          readonly failureThreshold: number;
        };
        readonly image: string;
        readonly imagePullPolicy: string;
        readonly command: readonly string[];
        readonly volumeMounts: readonly { readonly mountPath: string }[];
      },
    ];
  };
}
const pods = Object.entries(
  staticPods(settings, node, { kubernetes: "corefly.dev/k:1", etcd: "corefly.dev/e:1" }),
).map(([file, text]) => {
  const pod: Pod = parse(text);
  const [container] = pod.spec.containers;
  const flags = new Map(
    container.command.slice(1).map((flag): [string, string] => {
      const [name = "", ...value] = flag.replace(/^--/, "").split("=");
      return [name, value.join("=")];
    }),
  );
  return { file, container, flags };
});
const flagsOf = (file: string) => pods.find((pod) => pod.file === file)?.flags ?? new Map();

describe("staticPods()", () => {
  it("lets nobody into etcd without a certificate of its authority", () => {
    const flags = flagsOf("etcd.yaml");
    for (const prefix of ["", "peer-"]) {
      expect(flags.get(`${prefix}client-cert-auth`)).toBe("true");
      expect(flags.get(`${prefix}trusted-ca-file`)).toBe("/etc/kubernetes/pki/etcd-ca.crt");
    }
    expect(flags.get("listen-client-urls")).toBe("https://127.0.0.1:2379");
    const server = plan.certificates.find(({ name }) => name === "etcd-server");
    // A peer dials with the certificate that it serves with.
    expect(server?.usages).toEqual(["server", "client"]);
  });

  it("asks the node authorizer and RBAC", () => {
    const flags = flagsOf("kube-apiserver.yaml");
    expect(flags.get("authorization-mode")).toBe("Node,RBAC");
    expect(flags.get("enable-admission-plugins")).toBe("NodeRestriction");
    expect(flags.get("client-ca-file")).toBe("/etc/kubernetes/pki/kubernetes-ca.crt");
  });

  it.each(pods.map(({ file, container }) => [file, container] as const))(
    "kills %s only when it has not answered for minutes",
    (_file, { livenessProbe }) => {
      expect(livenessProbe.periodSeconds * livenessProbe.failureThreshold).toBeGreaterThanOrEqual(
        300,
      );
    },
  );

  it("lets the controller manager wait for the API server instead of ending", () => {
    const flags = flagsOf("kube-controller-manager.yaml");
    expect(flags.get("leader-elect")).toBe("true");
    expect([...flags.keys()]).toEqual(
      expect.arrayContaining(["client-ca-file", "requestheader-client-ca-file"]),
    );
    const seconds = (name: string) => Number.parseInt(flags.get(`leader-elect-${name}`) ?? "", 10);
    // As kube-controller-manager demands it: duration > deadline > 1.2 × period.
    expect(seconds("lease-duration")).toBeGreaterThan(seconds("renew-deadline"));
    expect(seconds("renew-deadline")).toBeGreaterThan(1.2 * seconds("retry-period"));
  });

  it.each(pods.map(({ file, flags, container }) => [file, { flags, container }] as const))(
    "names only files in %s that the node has and the pod sees",
    (_file, { flags, container }) => {
      const paths = [...flags.values()].filter((value) => value.startsWith("/etc/kubernetes/"));
      expect(paths.length).toBeGreaterThan(0);
      const there = config.storage?.files?.map(({ path }) => path);
      expect(there).toEqual(expect.arrayContaining(paths));
      const mounts = container.volumeMounts.map(({ mountPath }) => mountPath);
      const hidden = paths.filter(
        (path) => !mounts.some((mount) => path === mount || path.startsWith(`${mount}/`)),
      );
      expect(hidden).toEqual([]);
    },
  );

  it("takes the image that the kubelet runs from, and never pulls it", () => {
    const images = pods.map(({ file, container }) => [
      file,
      container.image,
      container.imagePullPolicy,
    ]);
    expect(images).toEqual([
      ["etcd.yaml", "corefly.dev/e:1", "IfNotPresent"],
      ["kube-apiserver.yaml", "corefly.dev/k:1", "Never"],
      ["kube-controller-manager.yaml", "corefly.dev/k:1", "Never"],
      ["kube-scheduler.yaml", "corefly.dev/k:1", "Never"],
    ]);
  });
});

describe("kubeletConfiguration()", () => {
  it("answers nobody that the API server does not know", () => {
    expect(parse(kubeletConfiguration(settings))).toMatchObject({
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: "/etc/kubernetes/pki/kubernetes-ca.crt" },
      },
      authorization: { mode: "Webhook" },
      readOnlyPort: 0,
      clusterDNS: ["10.3.0.10"],
    });
  });
});

describe("bridgeNetwork()", () => {
  it("gives pods of the node's range a way out, and host ports", () => {
    const [bridge, portmap] = JSON.parse(bridgeNetwork(node.podRange)).plugins;
    expect(bridge).toMatchObject({ type: "bridge", isGateway: true, ipMasq: true });
    expect(bridge.ipam.ranges).toEqual([[{ subnet: "10.20.0.0/24" }]]);
    expect(portmap.capabilities).toEqual({ portMappings: true });
  });
});

describe("sysctls", () => {
  it("do not route pods' packets to what listens on the node's loopback (CVE-2020-8558)", () => {
    const file = config.storage?.files?.find(
      ({ path }) => path === "/etc/sysctl.d/80-corefly.conf",
    );
    const text = Buffer.from(decodeDataUrl(file?.contents?.source ?? "") ?? []).toString();
    expect(text).toContain("net.ipv4.ip_forward = 1\n");
    expect(text).not.toContain("route_localnet");
  });
});

describe("units", () => {
  it("install the runtime once, and are sure of it before they say so", () => {
    const lines = unit("corefly-install.service")?.contents?.split("\n") ?? [];
    expect(lines).toContain("ConditionPathExists=!/opt/corefly/0.1.0/.installed");
    const steps = lines
      .filter((line) => line.startsWith("ExecStart="))
      .map((line) => line.replace(/^ExecStart=\/bin\/(\w+).*/, "$1"));
    expect(steps).toEqual([...Array(4).fill("tar"), "sync", "touch", ...Array(4).fill("rm")]);
  });

  it("mount etcd's disk before anything runs that could write below it", () => {
    const { contents = "", enabled } = unit("var-lib-etcd.mount") ?? {};
    expect(enabled).toBe(true);
    expect(contents).toContain("What=/dev/disk/by-id/virtio-etcd\nWhere=/var/lib/etcd\n");
    expect(contents).toContain("RequiredBy=local-fs.target");
    expect(unit("kubelet.service")?.contents).toContain("RequiresMountsFor=/var/lib/etcd ");
  });

  it("grow the file system of etcd's disk when it is mounted", () => {
    const { contents = "", enabled } = unit("corefly-etcd-grow.service") ?? {};
    expect(enabled).toBe(true);
    expect(contents).toContain("After=var-lib-etcd.mount\n");
    expect(contents).toContain("systemd-growfs /var/lib/etcd\n");
    expect(contents).toContain("WantedBy=var-lib-etcd.mount");
  });

  it("share the kubelet's folder before the kubelet and the CRI server start", () => {
    const { contents = "" } = unit("corefly-kubelet-mount.service") ?? {};
    expect(contents).toContain("--make-shared /var/lib/kubelet /var/lib/kubelet");
    expect(contents).toContain("Before=corefly-cri.service kubelet.service");
    expect(contents).toContain("RequiredBy=kubelet.service corefly-cri.service");
  });
});
