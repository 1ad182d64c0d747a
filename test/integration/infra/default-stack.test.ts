// SPDX-License-Identifier: Apache-2.0
// The program behind `make up`, previewed with every setting of the README.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { EngineStack } from "../../helpers/engine-stack.ts";

jest.setTimeout(60_000);

const stack = new EngineStack("../../..");
const key =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Xn6l1Y1b1l8l3y9vJ1w7VbqU0oHq9Jr2qz3G0q3Zk somebody";

interface Step {
  readonly urn: string;
  readonly newState: { readonly inputs?: Readonly<Record<string, unknown>> };
}
let steps: readonly Step[];

/** Settings as `pulumi config set` writes them. */
function settings(values: Readonly<Record<string, string>>): void {
  const config = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`corefly:${name}`, value]),
  );
  writeFileSync(join(stack.programDir, `Pulumi.${stack.name}.yaml`), JSON.stringify({ config }));
}

const all = {
  clusterName: "web",
  podCidr: "10.44.0.0/16",
  serviceCidr: "10.45.0.0/16",
  kubernetesVersion: "v1.37.2",
  controllerCount: "1",
  controllerCpus: "3",
  controllerMemoryMiB: "3072",
  controllerSnippets: JSON.stringify(['{"ignition":{"version":"3.3.0"}}']),
  sshAuthorizedKeys: JSON.stringify([key]),
  mirrorPort: "17001",
  apiServerPort: "17002",
  demoPort: "17003",
  artifactsUrl: "https://releases.example.test/v1",
};

beforeAll(async () => {
  settings(all);
  const stdout = await stack.succeed("preview", ["--json"]);
  steps = JSON.parse(stdout).steps;
});
afterAll(() => stack.remove());

const inputs = (name: string) =>
  steps.find(({ urn }) => urn.endsWith(`::${name}`))?.newState.inputs;

describe("the default stack", () => {
  it("takes its settings", () => {
    expect(inputs("web-artifacts")).toMatchObject({ source: all.artifactsUrl });
    expect(inputs("web-mirror")).toMatchObject({ port: 17_001 });
    expect(inputs("web-controller-0")).toMatchObject({
      cpus: 3,
      memoryMiB: 3072,
      ports: [
        { host: 17_002, guest: 6443 },
        { host: 17_003, guest: 30_080 },
      ],
    });
    expect(inputs("web-apiserver")).toMatchObject({
      ipAddresses: ["10.45.0.1", "127.0.0.1", "10.0.2.15"],
    });
    expect(inputs("web-ready")).toMatchObject({ urls: ["http://127.0.0.1:17003/"] });
  });

  it.each<[what: string, values: Readonly<Record<string, string>>, message: RegExp]>([
    [
      "a number that is none",
      { controllerCpus: "two" },
      /error: Configuration 'corefly:controllerCpus' value 'two' is not a valid number/,
    ],
    [
      "a list that is none",
      { sshAuthorizedKeys: key },
      /error: Configuration 'corefly:sshAuthorizedKeys' value '.*' is not a valid JSON/,
    ],
    [
      "a value that the cluster refuses",
      { podCidr: "10.45.0.0/16" },
      /error: Invalid argument "serviceCidr": "10\.45\.0\.0\/16" overlaps podCidr "10\.45\.0\.0\/16"/,
    ],
  ])("says of %s so, without a stack", async (_what, values, message) => {
    settings({ ...all, artifactsUrl: "", ...values });
    const { exitCode, stdout } = await stack.run("preview");
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(message);
    expect(stdout).not.toMatch(/\n\s+at |node:internal|unhandled/);
  });
});
