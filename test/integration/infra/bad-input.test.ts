// SPDX-License-Identifier: Apache-2.0
// What users get wrong in a cluster's arguments: one line at preview that names the argument, and nothing is made.
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { EngineStack } from "../../helpers/engine-stack.ts";

jest.setTimeout(60_000);

const stack = new EngineStack("cluster");
let taken: Server;
let port: number;

beforeAll(async () => {
  taken = createServer();
  port = await new Promise<number>((resolve) => {
    taken.listen(0, "127.0.0.1", () => {
      const address = taken.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
});

afterAll(async () => {
  await new Promise((resolve) => taken.close(resolve));
  stack.remove();
});

/** Lines of the diagnostics, without the heading of each resource. */
function diagnostics(output: string): readonly string[] {
  const [, after = ""] = output.split("\nDiagnostics:\n");
  return (after.split("\n\n")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("    "))
    .map((line) => line.trim());
}

async function refused(
  command: "preview" | "up",
  args: object,
  more: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const env = { COREFLY_TEST_CLUSTER: JSON.stringify(args), ...more };
  const { exitCode, stdout, stderr } = await stack.run(command, [], env);
  expect(exitCode).toBe(1);
  expect(stdout + stderr).not.toMatch(/\n\s+at |node:internal|unhandled/);
  expect(stack.resources()).toEqual([]);
  return diagnostics(stdout);
}

const snippet = (config: object): string =>
  JSON.stringify({ ignition: { version: "3.3.0" }, ...config });

const fileBelowOurs = snippet({ storage: { files: [{ path: "/etc/hostname/mine" }] } });
describe("preview with bad arguments", () => {
  it.each<[what: string, args: object, message: string]>([
    [
      "overlapping pod and service ranges",
      { podCidr: "10.3.0.0/16", serviceCidr: "10.3.128.0/20" },
      'Invalid argument "serviceCidr": "10.3.128.0/20" overlaps podCidr "10.3.0.0/16", expected ranges that share no address',
    ],
    [
      "an unknown OS",
      { os: "beos" },
      'Invalid argument "os": "beos" is not known, expected one of lab, fedora-coreos, flatcar',
    ],
    [
      "zero controllers",
      { controllerCount: 0 },
      'Invalid argument "controllerCount": 0 controllers, expected 1',
    ],
    [
      "workers",
      { workerCount: 2 },
      'Invalid argument "workerCount": 2 workers, expected 0: the controller takes the work',
    ],
    [
      "a malformed SSH key",
      { sshAuthorizedKeys: ["ssh-ed25519 AAAA me"] },
      'Invalid argument "sshAuthorizedKeys": "ssh-ed25519 AAAA me" is not a public key, expected a line like "ssh-ed25519 AAAA… name"',
    ],
    [
      "a snippet that is not JSON",
      { controllerSnippets: [snippet({}), '{\n  "ignition": {,\n}'] },
      'Invalid argument "controllerSnippets[1]": line 2, column 16: expected a field name in quotes',
    ],
    [
      "a snippet whose file is below one of ours",
      { controllerSnippets: [fileBelowOurs] },
      'Invalid argument "controllerSnippets": File "/etc/hostname/mine" (controllerSnippets[0]): is below file "/etc/hostname" (corefly), expected a directory there',
    ],
    [
      "a Kubernetes version without an artefact",
      { kubernetesVersion: "v1.20.0" },
      'Invalid argument "kubernetesVersion": there is no artefact of "v1.20.0", expected one of v1.37.2',
    ],
    [
      "a manifest that is no Kubernetes object",
      { manifests: ["kind: Namespace\napiVersion: v1\nmetadata: { name: a }\n---\njust: a map\n"] },
      'Invalid argument "manifests[0]": a document is no Kubernetes object, expected apiVersion, kind and metadata.name',
    ],
  ])("refuses %s", async (_what, args, message) => {
    expect(await refused("preview", args)).toEqual([`error: ${message}`]);
  });

  it.each<[argument: string, resource: string, args: (port: number) => object]>([
    [
      "apiServerPort",
      "QemuMachine resource 'lab-controller-0'",
      (apiServerPort) => ({ apiServerPort }),
    ],
    ["mirrorPort", "Mirror resource 'lab-mirror'", (mirrorPort) => ({ mirrorPort })],
    [
      "publish[1].port",
      "QemuMachine resource 'lab-controller-0'",
      (own) => ({
        publish: [
          { name: "shop", nodePort: 30_080 },
          { name: "mail", nodePort: 30_025, port: own },
        ],
      }),
    ],
  ])("refuses a port that is taken: %s", async (argument, resource, args) => {
    expect(await refused("preview", args(port))).toEqual([
      `error: corefly:index:${resource} has a problem: Invalid argument "${argument}": Port ${port} of 127.0.0.1 is taken by another program, expected a free one`,
    ]);
  });
});

describe("preview with a bad argument from another resource", () => {
  it("refuses it as soon as it is known", async () => {
    const env = { COREFLY_TEST_OUTPUT: "manifests" };
    expect(await refused("preview", { manifests: ["just: a map"] }, env)).toEqual([
      'error: Invalid argument "manifests[0]": a document is no Kubernetes object, expected apiVersion, kind and metadata.name',
    ]);
  });
});

describe("up with bad arguments", () => {
  it("stops at its preview", async () => {
    expect(await refused("up", { mirrorPort: port })).toHaveLength(1);
    expect(stack.stateText()).not.toContain("PRIVATE KEY");
  });
});
