// SPDX-License-Identifier: Apache-2.0
// Every example is a whole program: the real engine previews it, and plans exactly these resources and outputs.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { TestStack } from "../../helpers/stack.ts";

jest.setTimeout(120_000);

const name = `test-${process.pid}`;
const folder = join(import.meta.dirname, "../../../examples");

interface Step {
  readonly op: string;
  readonly urn: string;
  readonly newState: { readonly inputs?: Readonly<Record<string, unknown>> };
}

/** What a preview of a program says. */
interface Preview {
  readonly steps: readonly Step[];
  /** The lines below "Outputs:". */
  readonly outputs: readonly string[];
}

async function preview(example: string): Promise<Preview> {
  const stack = await TestStack.create(`examples/${example}`, name);
  try {
    const { stdout: json } = await stack.succeed("preview", ["--json"]);
    const { stdout: text } = await stack.succeed("preview");
    const [, outputs = ""] = text.split("\nOutputs:\n");
    const { steps }: { readonly steps: readonly Step[] } = JSON.parse(json);
    return { steps, outputs: (outputs.split("\n\n")[0] ?? "").split("\n") };
  } finally {
    await stack.remove();
  }
}

/** `Type name` of each planned resource, sorted. */
function resources({ steps }: Preview): readonly string[] {
  return steps
    .map(({ urn }) => {
      const [type = "", name = ""] = urn.split("::").slice(2);
      return `${type.split("$").at(-1)?.split(":").at(-1)} ${name}`;
    })
    .sort();
}

function inputs({ steps }: Preview, type: string): Readonly<Record<string, unknown>> {
  return steps.find(({ urn }) => urn.includes(`corefly:index:${type}::`))?.newState.inputs ?? {};
}

/** Everything that a cluster is made of, in the order of `resources`. */
function clusterResources(cluster: string, project: string): readonly string[] {
  return [
    `Artifacts ${cluster}-artifacts`,
    ...[
      "addons",
      "admin",
      "apiserver",
      "apiserver-kubelet-client",
      "controller-manager",
      "etcd-client",
      "etcd-server",
      "front-proxy-client",
      `kubelet-${cluster}-controller-0`,
      "scheduler",
    ].map((certificate) => `Certificate ${cluster}-${certificate}`),
    ...["etcd", "front-proxy", "kubernetes"].map(
      (ca) => `CertificateAuthority ${cluster}-${ca}-ca`,
    ),
    `Cluster ${cluster}`,
    `ClusterReady ${cluster}-ready`,
    `Disk ${cluster}-controller-0-etcd`,
    `ImageSignature ${cluster}-kubernetes-signature`,
    `KeyPair ${cluster}-service-account`,
    `LabImage ${cluster}-lab-image`,
    `Mirror ${cluster}-mirror`,
    `QemuMachine ${cluster}-controller-0`,
    `SigningKey ${cluster}-signing-key`,
    `Stack ${project}-${name}`,
  ].sort();
}

describe("examples", () => {
  it("are all previewed here", () => {
    const programs = readdirSync(folder).filter((name) =>
      existsSync(join(folder, name, "Pulumi.yaml")),
    );
    expect(programs.sort()).toEqual(["own-stack", "single-node"]);
  });
});

describe("examples/single-node", () => {
  let planned: Preview;
  beforeAll(async () => {
    planned = await preview("single-node");
  });

  it("plans a cluster and nothing else", () => {
    expect(resources(planned)).toEqual(clusterResources("single", "single-node"));
    expect(new Set(planned.steps.map(({ op }) => op))).toEqual(new Set(["create"]));
  });

  it("gives out the kubeconfig as a secret", () => {
    expect(planned.outputs).toEqual(["    kubeconfig: [secret]"]);
  });

  it("plans a machine with defaults, reached by its API server only", () => {
    expect(inputs(planned, "QemuMachine")).toMatchObject({
      cpus: 2,
      memoryMiB: 4096,
      ignition: "[secret]",
      ports: [{ name: "apiServerPort", guest: 6443, host: expect.any(Number) }],
    });
    expect(inputs(planned, "ClusterReady")).toMatchObject({
      nodeNames: ["single-controller-0"],
      kubeconfig: "[secret]",
      urls: [],
    });
  });
});

describe("examples/own-stack", () => {
  let planned: Preview;
  beforeAll(async () => {
    planned = await preview("own-stack");
  });

  it("plans a cluster and nothing else", () => {
    expect(resources(planned)).toEqual(clusterResources("shop", "own-stack"));
  });

  it("publishes the shop", () => {
    const { ports } = inputs(planned, "QemuMachine");
    const [, shop] = Array.isArray(ports) ? ports : [];
    expect(shop).toEqual({ name: "publish[0].port", guest: 30_100, host: expect.any(Number) });
    const url = `http://127.0.0.1:${shop.host}/`;
    expect(inputs(planned, "ClusterReady")["urls"]).toEqual([url]);
    expect(planned.outputs).toEqual(["    kubeconfig: [secret]", `    shopUrl   : "${url}"`]);
  });

  it("serves every image that its manifests name", () => {
    const manifest = readFileSync(join(folder, "own-stack/manifests/shop.yaml"), "utf8");
    const named = [...manifest.matchAll(/image: (\S+)/g)].map(([, image]) => image);
    const { images } = inputs(planned, "Mirror");
    expect(Object.keys(Object(images))).toEqual(expect.arrayContaining(named));
    expect(named).toHaveLength(1);
  });

  it("has a disk of its own size, and its ranges in the API server's certificate", () => {
    expect(inputs(planned, "Disk")).toMatchObject({ sizeGiB: 8, label: "etcd" });
    const apiserver = planned.steps.find(({ urn }) => urn.endsWith("Certificate::shop-apiserver"));
    expect(apiserver?.newState.inputs?.["ipAddresses"]).toEqual([
      "10.61.0.1",
      "127.0.0.1",
      "10.0.2.15",
    ]);
  });
});
