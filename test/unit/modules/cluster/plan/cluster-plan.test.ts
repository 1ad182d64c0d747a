// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import type { IgnitionConfig } from "ignition-config-types";
import {
  type ClusterPlanArgs,
  controllerIgnition,
  NODE_DOWNLOADS,
  planCluster,
} from "../../../../../modules/cluster/plan/cluster-plan.ts";
import { InvalidArgumentError } from "../../../../../modules/cluster/plan/invalid-argument-error.ts";
import { placeholderSecrets } from "../../../../../modules/cluster/plan/node-secrets.ts";

const base = { name: "lab", identity: "organization/p/dev//home/lab", architecture: "amd64" };
const argsWith = (args: object): ClusterPlanArgs => ({ ...base, ...args }) as ClusterPlanArgs;
const plan = (args: object = {}) => planCluster(argsWith(args));

/** What the planner throws for these arguments. */
function refusal(args: object): unknown {
  try {
    plan(args);
  } catch (error) {
    return error;
  }
  return undefined;
}

function ignition(args: object = {}): IgnitionConfig {
  const planned = plan(args);
  const [node] = planned.settings.controllers;
  if (node === undefined) throw new Error("no controller");
  const digests = Object.fromEntries(
    NODE_DOWNLOADS.map((name) => [name, { sha512: "0".repeat(128) }]),
  );
  const secrets = placeholderSecrets(planned.certificates);
  return JSON.parse(controllerIgnition(planned, node, argsWith(args), secrets, digests));
}

const snippet = (config: object): string =>
  JSON.stringify({ ignition: { version: "3.3.0" }, ...config });

const key = (name: string): string =>
  `ssh-ed25519 ${Buffer.concat([Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0 "), Buffer.alloc(32, name)]).toString("base64")} ${name}`;

describe("planCluster()", () => {
  it("has a default for everything but name and place", () => {
    const { machine, images, forwards, urls, artifacts } = plan();
    expect(machine).toEqual({ cpus: 2, memoryMiB: 4096, etcdDiskGiB: 4 });
    expect(images).toEqual(["etcd", "coredns"]);
    expect(forwards).toEqual([{ name: "apiServerPort", host: expect.any(Number), guest: 6443 }]);
    expect(urls).toEqual({});
    expect(artifacts).toEqual([
      "node",
      "node-tools",
      "cni-plugins",
      "crictl",
      "runtime",
      "kubernetes-aci",
      "etcd-oci",
      "coredns-oci",
    ]);
  });

  it("names each published port by its argument, and gives its address", () => {
    const { forwards, urls } = plan({
      apiServerPort: 7001,
      publish: [
        { name: "shop", nodePort: 30_100, port: 7002 },
        { name: "mail", nodePort: 30_025, port: 7003 },
      ],
    });
    expect(forwards).toEqual([
      { name: "apiServerPort", host: 7001, guest: 6443 },
      { name: "publish[0].port", host: 7002, guest: 30_100 },
      { name: "publish[1].port", host: 7003, guest: 30_025 },
    ]);
    expect(urls).toEqual({ shop: "http://127.0.0.1:7002/", mail: "http://127.0.0.1:7003/" });
  });

  it("takes an image once that the user names again", () => {
    expect(plan({ images: ["caddy", "etcd", "caddy"] }).images).toEqual([
      "etcd",
      "coredns",
      "caddy",
    ]);
  });

  it.each<[message: string, args: object]>([
    [
      'Invalid argument "os": there is no machine image of "flatcar" yet, expected lab',
      { os: "flatcar" },
    ],
    [
      'Invalid argument "images[1]": there is no image "nginx", expected one of kubernetes, etcd, coredns, caddy, busybox',
      { images: ["caddy", "nginx"] },
    ],
    ['Invalid argument "manifests": found string, expected a list', { manifests: "kind: A" }],
    ['Invalid argument "manifests[1]": found object, expected a text', { manifests: ["", {}] }],
    ['Invalid argument "publish": found object, expected a list', { publish: {} }],
    [
      'Invalid argument "controllerMemoryMiB": found 512, expected a whole number from 1024 to 1048576',
      { controllerMemoryMiB: 512 },
    ],
    [
      'Invalid argument "controllerCpus": found 1.5, expected a whole number from 1 to 64',
      { controllerCpus: 1.5 },
    ],
    [
      'Invalid argument "etcdDiskGiB": found 0, expected a whole number from 1 to 16384',
      { etcdDiskGiB: 0 },
    ],
    [
      'Invalid argument "name": "web_1" is not a host name, expected lower-case letters, digits and inner hyphens',
      { name: "web_1" },
    ],
    [
      `Invalid argument "name": "${"c".repeat(52)}-controller-0" has 65 characters, expected at most 63`,
      { name: "c".repeat(52) },
    ],
    [
      'Invalid argument "manifests[0]": Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 8',
      { manifests: ["kind: ["] },
    ],
    [
      'Invalid argument "manifests[0]": a document is no Kubernetes object, expected apiVersion, kind and metadata.name',
      { manifests: ["- a\n- b\n"] },
    ],
    [
      'Invalid argument "mirrorPort": 70000 is not a port, expected 1 to 65535',
      { mirrorPort: 70_000 },
    ],
    [
      'Invalid argument "apiServerPort": 5000 is the port of mirrorPort already',
      { mirrorPort: 5000, apiServerPort: 5000 },
    ],
    [
      'Invalid argument "publish[0].nodePort": 80 is not a node port, expected 30000 to 32767',
      { publish: [{ name: "a", nodePort: 80 }] },
    ],
    [
      'Invalid argument "publish[1].name": "a" is there twice, expected different names',
      {
        publish: [
          { name: "a", nodePort: 30_000 },
          { name: "a", nodePort: 30_001 },
        ],
      },
    ],
    [
      'Invalid argument "publish[1].nodePort": 30000 is there twice, expected different ports',
      {
        publish: [
          { name: "a", nodePort: 30_000 },
          { name: "b", nodePort: 30_000 },
        ],
      },
    ],
    [
      'Invalid argument "publish[0].name": found no name, expected one',
      { publish: [{ nodePort: 30_000 }] },
    ],
    [
      'Invalid argument "controllerSnippets[0]": line 1, column 1: is Butane, expected Ignition JSON: translate it with butane first',
      { controllerSnippets: ["variant: fcos\nversion: 1.5.0\n"] },
    ],
    [
      'Invalid argument "controllerSnippets[0]": line 3, column 1: unexpected end',
      { controllerSnippets: ['{"ignition":\n\n'] },
    ],
  ])("says %s", (message, args) => {
    const error = refusal(args);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toHaveProperty("message", message);
  });
});

describe("controllerIgnition() (CLU-01)", () => {
  it.each<[what: string, config: object, wanted: RegExp]>([
    [
      "a file and one below it",
      { storage: { files: [{ path: "/etc/a" }, { path: "/etc/a/b" }] } },
      /^Invalid argument "controllerSnippets(\[0\])?": .*"\/etc\/a\/b".*"\/etc\/a"[^\n]*$/,
    ],
    [
      "a unit with contents and its file",
      {
        systemd: { units: [{ name: "x.service", contents: "[Service]\nExecStart=/bin/true\n" }] },
        storage: { files: [{ path: "/etc/systemd/system/x.service" }] },
      },
      /^Invalid argument "controllerSnippets(\[0\])?": .*"\/etc\/systemd\/system\/x\.service".*"x\.service"[^\n]*$/,
    ],
    [
      "a file below one of ours",
      { storage: { files: [{ path: "/etc/hostname/b" }] } },
      /^Invalid argument "controllerSnippets": File "\/etc\/hostname\/b" \(controllerSnippets\[0\]\): is below file "\/etc\/hostname" \(corefly\)[^\n]*$/,
    ],
    [
      "the file of a unit of ours",
      { storage: { files: [{ path: "/etc/systemd/system/kubelet.service" }] } },
      /^Invalid argument "controllerSnippets": [^\n]*"\/etc\/systemd\/system\/kubelet\.service" path \(controllerSnippets\[0\]\)[^\n]*"kubelet\.service" \(corefly\)[^\n]*$/,
    ],
  ])("refuses %s in one line", (_what, config, wanted) => {
    expect(refusal({ controllerSnippets: [snippet(config)] })).toHaveProperty(
      "message",
      expect.stringMatching(wanted),
    );
  });

  it("names the snippet and not ours when two snippets contradict each other", () => {
    const controllerSnippets = [
      snippet({ storage: { files: [{ path: "/etc/a" }] } }),
      snippet({ storage: { files: [{ path: "/etc/a/b" }] } }),
    ];
    expect(refusal({ controllerSnippets })).toHaveProperty(
      "message",
      expect.stringMatching(/\(controllerSnippets\[1\]\).*\(controllerSnippets\[0\]\)/),
    );
  });

  it("replaces a file of ours by the snippet's link", () => {
    const link = { path: "/etc/crictl.yaml", target: "/etc/mine.yaml" };
    const { storage } = ignition({ controllerSnippets: [snippet({ storage: { links: [link] } })] });
    const entries = [...(storage?.files ?? []), ...(storage?.links ?? [])];
    expect(entries.filter(({ path }) => path === link.path)).toEqual([link]);
  });

  it("lets the later snippet win", () => {
    const motd = (text: string) =>
      snippet({
        storage: { files: [{ path: "/etc/motd", contents: { source: `data:,${text}` } }] },
      });
    const { storage } = ignition({ controllerSnippets: [motd("one"), motd("two")] });
    expect(storage?.files?.filter(({ path }) => path === "/etc/motd")).toEqual([
      expect.objectContaining({ contents: { source: "data:,two" } }),
    ]);
  });

  it("adds the snippet's keys to the user's", () => {
    const user = { name: "core", sshAuthorizedKeys: [key("a"), key("b")] };
    const { passwd } = ignition({
      sshAuthorizedKeys: [key("a")],
      controllerSnippets: [snippet({ passwd: { users: [user] } })],
    });
    expect(passwd?.users).toEqual([user]);
  });
});
