// SPDX-License-Identifier: Apache-2.0
// The component in a first preview, where no provider knows any output yet.
import { beforeAll, describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../../../modules/cluster/cluster.ts";
import { KeyPair } from "../../../../modules/provider/resources/key-pair.ts";
import { type MadeResource, mockedProgram } from "../../../helpers/mocked-program.ts";

/** How Pulumi sends what is not known yet, and what is secret. */
const UNKNOWN = { __pulumiUnknown: true };
const secret = (value: unknown) => ({
  [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig,
  value,
});

let cluster: Cluster;
let made: readonly MadeResource[];

beforeAll(async () => {
  const program = await mockedProgram(() => ({}), { preview: true });
  const { publicKeyPem } = new KeyPair("other");
  cluster = new Cluster(
    "lab",
    { mirrorPort: 7000, apiServerPort: 7001, sshAuthorizedKeys: [publicKeyPem] },
    program.options,
  );
  made = await program.resources();
});

const inputs = (type: string) => made.find((each) => each.type === type)?.inputs;

describe("Cluster in a preview", () => {
  it("plans every resource, whatever is unknown", () => {
    expect(made).toHaveLength(23);
    expect(inputs("QemuMachine")).toMatchObject({ cpus: 2, memoryMiB: 4096 });
    expect(inputs("ClusterReady")).toMatchObject({ nodeNames: ["lab-controller-0"] });
  });

  it("invents nothing for what is unknown", () => {
    expect(inputs("QemuMachine")?.["ignition"]).toEqual(secret(UNKNOWN));
    expect(inputs("ClusterReady")?.["kubeconfig"]).toEqual(secret(UNKNOWN));
    expect(inputs("ImageSignature")).toEqual({ imageSha512: UNKNOWN, signingKey: secret(UNKNOWN) });
  });

  it("knows what follows from the arguments", async () => {
    expect(await isKnown(cluster.nodes)).toBe(true);
    expect(await isKnown(cluster.urls)).toBe(true);
    expect(await isKnown(cluster.kubeconfig)).toBe(false);
    expect(await isKnown(cluster.summary)).toBe(false);
  });

  it("keeps the kubeconfig a secret, unknown as it is", async () => {
    expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
  });
});

/** Pulumi runs a function on an output only when its value is known. */
async function isKnown(output: pulumi.Output<unknown>): Promise<boolean> {
  let ran = false;
  const applied = output.apply(() => {
    ran = true;
  });
  await pulumi.isSecret(applied);
  return ran;
}
