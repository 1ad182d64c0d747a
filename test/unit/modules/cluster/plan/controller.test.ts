// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import type { IgnitionConfig } from "ignition-config-types";
import { artifacts } from "../../../../../modules/artifacts/table.ts";
import { planAddons } from "../../../../../modules/cluster/plan/addons/addon-set.ts";
import {
  clusterCertificates,
  kubeletCertificate,
} from "../../../../../modules/cluster/plan/certificates.ts";
import { controllerConfig } from "../../../../../modules/cluster/plan/controller.ts";
import { nodeConfig } from "../../../../../modules/cluster/plan/node-config.ts";
import { placeholderSecrets } from "../../../../../modules/cluster/plan/node-secrets.ts";
import { clusterSettings } from "../../../../../modules/cluster/plan/settings.ts";
import { dataUrl } from "../../../../../modules/ignition/data-url.ts";

const settings = clusterSettings({ name: "lab" }, { kubernetes: ["v1.37.2"] });
const [node] = settings.controllers;
if (node === undefined) throw new Error("no controller");

const certificates = [
  ...clusterCertificates({
    serviceRanges: [settings.serviceRange],
    clusterDomain: settings.clusterDomain,
    endpoints: [],
    nodes: settings.controllers,
  }),
  kubeletCertificate(node.name),
];
const download = (name: string) => ({ url: `http://10.0.2.2:1/${name}`, sha512: "0".repeat(128) });
const base = controllerConfig(settings, node, {
  runtimeVersion: "0.1.0",
  archives: { node: download("node"), "node-tools": download("node-tools") },
  runtime: download("runtime"),
  kubeletImage: "corefly.dev/kubernetes:v1.37.2",
  images: { kubernetes: "corefly.dev/kubernetes:v1.37.2", etcd: "corefly.dev/etcd:v3.6.16" },
  mirrors: [{ prefix: "corefly.dev", location: "http://10.0.2.2:1/corefly.dev" }],
  secrets: placeholderSecrets(certificates),
  addons: planAddons(
    settings,
    { kubernetes: "corefly.dev/kubernetes:v1.37.2", coredns: "corefly.dev/coredns:v1.15.0" },
    [],
  ),
  etcdDevice: "/dev/disk/by-id/virtio-etcd",
  platformUnits: {},
});

const rendered = (...snippets: readonly object[]): IgnitionConfig =>
  JSON.parse(
    nodeConfig(
      base,
      snippets.map((config, index) => ({
        name: `controllerSnippets[${index}]`,
        config: { ignition: { version: "3.3.0" }, ...config },
      })),
      "controllerSnippets",
    ),
  ) as IgnitionConfig;

describe("controllerConfig()", () => {
  it("is valid, at spec 3.3.0, and every download has a sha512", () => {
    const config = rendered();
    expect(config.ignition.version).toBe("3.3.0");
    const remote = (config.storage?.files ?? []).filter(({ contents }) =>
      contents?.source?.startsWith("http"),
    );
    expect(remote.map(({ path }) => path)).toEqual([
      "/opt/corefly/0.1.0/node.tar",
      "/opt/corefly/0.1.0/node-tools.tar",
      "/opt/corefly/0.1.0/corefly.mjs",
    ]);
    for (const { contents } of remote) {
      expect(contents?.verification?.hash).toBe(`sha512-${"0".repeat(128)}`);
    }
  });

  it("keeps private keys and kubeconfigs from everybody but root", () => {
    const readable = (base.storage?.files ?? []).filter(
      ({ path, mode }) =>
        /\.(key|conf)$/.test(path) && path.startsWith("/etc/kubernetes") && mode !== 0o600,
    );
    expect(readable).toEqual([]);
  });

  it("journals how the node is, at times and with what nobody else wants of the processor", () => {
    const units = Object.fromEntries((base.systemd?.units ?? []).map((unit) => [unit.name, unit]));
    const contents = units["corefly-support.service"]?.contents ?? "";
    expect(contents.match(/^ExecStart=.*$/gm)).toEqual([
      "ExecStart=-/usr/bin/head --lines=2 /etc/os-release /opt/corefly/bin/corefly",
      "ExecStart=-/usr/bin/uname --kernel-release",
      "ExecStart=-/opt/corefly/bin/corefly list",
      "ExecStart=-/opt/corefly/bin/corefly image list",
      "ExecStart=-/usr/bin/systemctl list-units --failed --plain --no-legend --no-pager",
      "ExecStart=-/usr/bin/df --human-readable --local --exclude-type=overlay --exclude-type=tmpfs",
      "ExecStart=-/usr/bin/head --lines=3 /proc/meminfo",
      "ExecStart=-/usr/bin/head /proc/loadavg /proc/pressure/cpu /proc/pressure/io /proc/pressure/memory",
    ]);
    expect(contents).toMatch(/^Nice=10$/m);
    expect(units["corefly-support.service"]?.enabled).toBeUndefined();
    expect(units["corefly-support.timer"]?.enabled).toBe(true);
    expect(units["corefly-support.timer"]?.contents).toMatch(
      /^OnBootSec=10min\nOnUnitInactiveSec=15min$/m,
    );
  });

  it("has crictl in PATH, which knows where the server is", () => {
    const { files = [], links } = base.storage ?? {};
    const content = (path: string) => files.find((each) => each.path === path)?.contents?.source;
    expect(content("/etc/crictl.yaml")).toBe(
      dataUrl("runtime-endpoint: unix:///run/corefly/cri.sock\n"),
    );
    expect(content("/etc/profile.d/corefly.sh")).toBe(dataUrl('PATH="$PATH:/opt/corefly/bin"\n'));
    // Where the archive of the artefact has it.
    expect(links).toEqual([
      { path: "/opt/corefly/bin/crictl", target: "/opt/corefly/0.1.0/bin/crictl", hard: false },
    ]);
    const { recipe } = artifacts.crictl;
    expect(recipe).toMatchObject({ archiveFolder: "bin", packages: { crictl: expect.anything() } });
  });

  it("starts the kubelet in fly mode, as systemd's main process", () => {
    const unit = base.systemd?.units?.find(({ name }) => name === "kubelet.service");
    expect(unit?.contents).toMatchSnapshot();
  });
});

describe("nodeConfig()", () => {
  it("lets a snippet win", () => {
    const config = rendered({
      storage: { files: [{ path: "/etc/crictl.yaml", contents: { source: "data:,mine" } }] },
    });
    const entries = config.storage?.files?.filter(({ path }) => path === "/etc/crictl.yaml");
    expect(entries?.map(({ contents }) => contents?.source)).toEqual(["data:,mine"]);
  });

  it("names both entries and their owners when a snippet breaks ours (CLU-01)", () => {
    expect(() => rendered({ storage: { files: [{ path: "/etc/crictl.yaml/x" }] } })).toThrow(
      /^Invalid argument "controllerSnippets": [^\n]*\/etc\/crictl.yaml[^\n]*controllerSnippets\[0\][^\n]*$/,
    );
  });
});
