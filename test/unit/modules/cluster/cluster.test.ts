// SPDX-License-Identifier: Apache-2.0
// The component before Pulumi's mocks: exactly which resources it makes, below what, after what, from what.
import { beforeAll, describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../../../modules/cluster/cluster.ts";
import { decodeDataUrl } from "../../../../modules/ignition/data-url.ts";
import {
  known,
  type MadeResource,
  type MockedProgram,
  type MockOutputs,
  mockedProgram,
} from "../../../helpers/mocked-program.ts";

const NAMES = [
  "node",
  "node-tools",
  "cni-plugins",
  "crictl",
  "runtime",
  "kubernetes-aci",
  "etcd-oci",
  "coredns-oci",
  "caddy-oci",
];

/** A digest that tells which artefact it is of. */
const digest = (name: string): string =>
  Buffer.from(name).toString("hex").padEnd(128, "0").slice(0, 128);

const outputs: MockOutputs = (type, name) => {
  switch (type) {
    case "Artifacts":
      return { files: Object.fromEntries(NAMES.map((each) => [each, { sha512: digest(each) }])) };
    case "CertificateAuthority":
    case "Certificate":
      return { certPem: `cert of ${name}\n`, privateKeyPem: `key of ${name}\n` };
    case "KeyPair":
      return { publicKeyPem: "public\n", privateKeyPem: "private\n" };
    case "SigningKey":
      return { publicKey: "armored\n", fingerprint: "a".repeat(40), privateKey: "secret\n" };
    case "ImageSignature":
      return { signature: "signature\n" };
    case "LabImage":
      return { recipe: "r".repeat(64) };
    case "Disk":
      return { path: "/state/etcd.img" };
    case "QemuMachine":
      return {
        journalPath: "/state/j",
        consolePath: "/state/c",
        startedAt: "2026-11-25T00:00:00Z",
      };
    case "ClusterReady":
      return { summary: "Ready after 60 s" };
    default:
      return {};
  }
};

const manifest = (name: string): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`;
const snippet = (path: string): string =>
  JSON.stringify({ ignition: { version: "3.3.0" }, storage: { files: [{ path }] } });

const architecture = process.arch === "arm64" ? "arm64" : "amd64";
const aci = `aci/corefly.dev/kubernetes-v1.37.2-linux-${architecture}.aci`;

let program: MockedProgram;
let cluster: Cluster;
let made: readonly MadeResource[];

beforeAll(async () => {
  program = await mockedProgram(outputs, { preview: false });
  cluster = new Cluster(
    "lab",
    {
      images: ["caddy"],
      mirrorPort: 7000,
      apiServerPort: 7001,
      publish: [{ name: "shop", nodePort: 30_100, port: 7002 }],
      artifactsUrl: "https://releases.example.test/v1",
      // From other resources, as a whole and in part.
      manifests: pulumi.output([manifest("one")]),
      controllerSnippets: [pulumi.output(snippet("/etc/motd"))],
    },
    program.options,
  );
  made = await program.resources();
});

function resource(name: string): MadeResource {
  const found = made.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no resource "${name}"`);
  return found;
}

function ofType(type: string): readonly MadeResource[] {
  return made.filter((each) => each.type === type);
}

/** The node's files by path: their text, or the digest of those that it downloads. */
async function nodeFiles(): Promise<Readonly<Record<string, string>>> {
  const text = await known(pulumi.output(resource("lab-controller-0").given["ignition"]));
  const config: { storage: { files: readonly IgnitionFile[] } } = JSON.parse(String(text));
  return Object.fromEntries(
    config.storage.files.map(({ path, contents: { source = "data:,", verification } = {} }) => [
      path,
      verification?.hash ?? Buffer.from(decodeDataUrl(source) ?? []).toString("utf8"),
    ]),
  );
}

describe("Cluster", () => {
  it("makes these resources, all its own, all named after it", () => {
    expect(made.map(({ type, name, parent }) => `${type} ${name} < ${parent}`).sort()).toEqual(
      [
        "Artifacts lab-artifacts < lab",
        ...[
          "addons",
          "admin",
          "apiserver",
          "apiserver-kubelet-client",
          "controller-manager",
          "etcd-client",
          "etcd-server",
          "front-proxy-client",
          "kubelet-lab-controller-0",
          "scheduler",
        ].map((name) => `Certificate lab-${name} < lab`),
        "CertificateAuthority lab-etcd-ca < lab",
        "CertificateAuthority lab-front-proxy-ca < lab",
        "CertificateAuthority lab-kubernetes-ca < lab",
        "Cluster lab < ",
        "ClusterReady lab-ready < lab",
        "Disk lab-controller-0-etcd < lab",
        "ImageSignature lab-kubernetes-signature < lab",
        "KeyPair lab-service-account < lab",
        "LabImage lab-lab-image < lab",
        "Mirror lab-mirror < lab",
        "QemuMachine lab-controller-0 < lab",
        "SigningKey lab-signing-key < lab",
      ].sort(),
    );
  });

  it("orders them by dependsOn where no output says it", () => {
    const ordered = made.filter(({ after }) => after.length > 0);
    expect(Object.fromEntries(ordered.map(({ name, after }) => [name, after]))).toEqual({
      "lab-kubernetes-signature": ["lab-artifacts"],
      "lab-mirror": ["lab-artifacts"],
      "lab-controller-0": ["lab-lab-image", "lab-mirror"],
      "lab-ready": ["lab-controller-0"],
    });
  });

  it("takes artefacts from where the user says", () => {
    expect(resource("lab-artifacts").inputs).toEqual({
      names: NAMES,
      source: "https://releases.example.test/v1",
    });
  });

  it("signs the image that nodes fetch, and serves it with its signature", () => {
    expect(resource("lab-kubernetes-signature").inputs).toMatchObject({
      imageSha512: digest("kubernetes-aci"),
    });
    expect(resource("lab-mirror").inputs).toEqual({
      port: 7000,
      portName: "mirrorPort",
      files: {
        [aci]: { sha512: digest("kubernetes-aci") },
        [`${aci}.asc`]: { text: "signature\n" },
        "files/node": { sha512: digest("node") },
        "files/node-tools": { sha512: digest("node-tools") },
        "files/cni-plugins": { sha512: digest("cni-plugins") },
        "files/crictl": { sha512: digest("crictl") },
        "files/runtime": { sha512: digest("runtime") },
      },
      images: {
        "corefly.dev/etcd:v3.6.16": { sha512: digest("etcd-oci") },
        "corefly.dev/coredns:v1.15.0": { sha512: digest("coredns-oci") },
        "corefly.dev/caddy:v2.11.9": { sha512: digest("caddy-oci") },
      },
    });
  });

  it("makes certificates by the authority that is meant", () => {
    const authorities = ofType("Certificate").map(({ name, inputs }) => [
      name,
      inputs["caCertPem"],
    ]);
    expect(Object.fromEntries(authorities)).toMatchObject({
      "lab-apiserver": "cert of lab-kubernetes-ca\n",
      "lab-admin": "cert of lab-kubernetes-ca\n",
      "lab-etcd-server": "cert of lab-etcd-ca\n",
      "lab-etcd-client": "cert of lab-etcd-ca\n",
      "lab-front-proxy-client": "cert of lab-front-proxy-ca\n",
    });
  });

  it("boots the lab image with etcd's disk and the ports that the user chose", () => {
    const { ignition: _, contents: __, ...inputs } = resource("lab-controller-0").inputs;
    expect(resource("lab-controller-0-etcd").inputs).toEqual({ sizeGiB: 4, label: "etcd" });
    expect(inputs).toEqual({
      image: { lab: "r".repeat(64) },
      cpus: 2,
      memoryMiB: 4096,
      disks: ["/state/etcd.img"],
      ports: [
        { name: "apiServerPort", host: 7001, guest: 6443 },
        { name: "publish[0].port", host: 7002, guest: 30_100 },
      ],
    });
  });

  it("tells the node's config from others by digests of its parts, keys and certificates", () => {
    const { config, keys } = resource("lab-controller-0").inputs["contents"] as {
      readonly config: Readonly<Record<string, string>>;
      readonly keys: Readonly<Record<string, string>>;
    };
    expect(Object.keys(config)).toEqual(
      expect.arrayContaining(["file /etc/motd", "unit kubelet.service", "file /etc/hostname"]),
    );
    expect(Object.keys(keys).sort()).toEqual(
      [
        ...["etcd", "front-proxy", "kubernetes"].map((name) => `authority ${name}`),
        ...[
          "addons",
          "apiserver",
          "apiserver-kubelet-client",
          "controller-manager",
          "etcd-client",
          "etcd-server",
          "front-proxy-client",
          "kubelet-lab-controller-0",
          "scheduler",
        ].map((name) => `certificate ${name}`),
        "image signing key",
        "service account key",
      ].sort(),
    );
    for (const each of [...Object.values(config), ...Object.values(keys)]) {
      expect(each).toMatch(/^[0-9a-f]{12}$/);
    }
  });

  it("gives the node its keys, the user's files, and what it downloads, with digests", async () => {
    expect(await nodeFiles()).toMatchObject({
      "/opt/corefly/0.1.0/node.tar": `sha512-${digest("node")}`,
      "/opt/corefly/0.1.0/corefly.mjs": `sha512-${digest("runtime")}`,
      "/etc/kubernetes/pki/service-account.key": "private\n",
      "/etc/kubernetes/pki/apiserver.key": "key of lab-apiserver\n",
      "/etc/kubernetes/addons/manifest-0.yaml": expect.stringContaining("name: one\n"),
      "/etc/motd": "",
    });
  });

  it("has the node ask the mirror for the kubelet's image by name and version, which must be the image's", async () => {
    const config = String(
      await known(pulumi.output(resource("lab-controller-0").given["ignition"])),
    );
    expect(config).toContain("corefly.dev/kubernetes:v1.37.2");
    const { mirrors } = JSON.parse(
      (await nodeFiles())["/etc/corefly/registries.d/mirror.json"] ?? "",
    );
    const values: Record<string, string> = {
      name: "corefly.dev/kubernetes",
      version: "v1.37.2",
      os: "linux",
      arch: architecture,
    };
    const url = mirrors[0].aci.replaceAll(/\{(\w+)\}/g, (_: string, name: string) => values[name]);
    expect(url).toBe(`http://10.0.2.2:7000/${aci}`);
    expect(resource("lab-mirror").inputs["files"]).toHaveProperty([aci]);
  });

  it("waits again whenever the machine was started again", () => {
    const { kubeconfig: _, ...inputs } = resource("lab-ready").inputs;
    expect(inputs).toEqual({
      nodeNames: ["lab-controller-0"],
      journalPath: "/state/j",
      consolePath: "/state/c",
      trigger: "2026-11-25T00:00:00Z",
      urls: ["http://127.0.0.1:7002/"],
    });
  });

  it("gives out what the workstation needs", async () => {
    const { kubeconfig, nodes, urls, summary } = cluster;
    expect(await known(nodes)).toEqual(["lab-controller-0"]);
    expect(await known(urls)).toEqual({ shop: "http://127.0.0.1:7002/" });
    expect(await known(summary)).toBe("Ready after 60 s");
    expect(await known(kubeconfig)).toContain("server: https://127.0.0.1:7001\n");
  });

  it("marks every key as a secret where it is made into something else", async () => {
    const given: readonly unknown[] = [
      cluster.kubeconfig,
      resource("lab-controller-0").given["ignition"],
      resource("lab-ready").given["kubeconfig"],
      resource("lab-kubernetes-signature").given["signingKey"],
      ...ofType("Certificate").map((each) => each.given["caPrivateKeyPem"]),
    ];
    for (const value of given) {
      if (!pulumi.Output.isInstance(value)) throw new Error("expected an output");
      expect(await pulumi.isSecret(value)).toBe(true);
    }
  });

  it("refuses a bad argument with an error that prints without a stack", () => {
    const make = () => new Cluster("other", { controllerCount: 3 }, program.options);
    expect(make).toThrow(pulumi.ResourceError);
    expect(make).toThrow(
      expect.objectContaining({
        message: 'Invalid argument "controllerCount": 3 controllers, expected 1',
        hideStack: true,
      }),
    );
  });
});

interface IgnitionFile {
  readonly path: string;
  readonly contents?: {
    readonly source?: string;
    readonly verification?: { readonly hash: string };
  };
}
