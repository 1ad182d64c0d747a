// SPDX-License-Identifier: Apache-2.0
// What users see in kubectl that test/conformance/kubectl-parity.test.ts does not ask for, most of it because other servers do
// not have it.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { BUSYBOX, CriNode } from "../../../../helpers/cri-node.ts";
import { NativeCluster } from "../../../../helpers/native-cluster.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

const inTerminal = resolve(import.meta.dirname, "../../../../fixtures/bin/in-terminal.py");
const SPDY = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false" };

// Processes start slowly on a busy machine.
jest.setTimeout(30_000);

let node: CriNode;
let cluster: NativeCluster;
beforeAll(async () => {
  node = await CriNode.start({ subnet: "10.219.12.0/24" });
  cluster = new NativeCluster(node);
  await cluster.start();
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default" },
    spec: {
      nodeName: "n1",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: "c",
          image: BUSYBOX,
          imagePullPolicy: "Never",
          command: ["sleep", "100000"],
        },
      ],
    },
  };
  writeFileSync(join(cluster.dir, "pod.json"), JSON.stringify(pod));
  await kubectl("create", "-f", join(cluster.dir, "pod.json"));
  await waitFor(
    async () => (await kubectl("get", "pod", "p", "-o=jsonpath={.status.phase}")) === "Running",
    30_000,
    250,
  );
}, 150_000);
afterAll(async () => {
  await cluster.stop();
  await node.remove();
}, 60_000);

/** What it printed; fails when kubectl does. */
async function kubectl(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kubectl(args);
  if (exitCode !== 0) {
    throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  }
  return stdout.toString();
}

describe("kubectl exec", () => {
  it("by SPDY says why a command cannot start", async () => {
    const { exitCode, stderr } = await cluster.kubectl(["exec", "p", "--", "no-such"], {
      env: SPDY,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("executable file `no-such` not found");
  });

  it.each([
    ["WebSocket", {}],
    ["SPDY", SPDY],
  ])("by %s has terminals of the user's size from the beginning (POD-09)", async (_name, env) => {
    const script = "stty size; sleep 1; stty size; exit 5";
    const { exitCode, stdout } = await cluster.kubectl(
      ["exec", "-it", "p", "--", "sh", "-c", script],
      { env, prefix: ["python3", inTerminal] },
    );
    expect(String(stdout)).toBe("33 77\r\n40 90\r\ncommand terminated with exit code 5\r\n");
    expect(exitCode).toBe(5);
  });
});

describe("kubectl debug", () => {
  it("has the output of an ephemeral container after the end of the user's input", async () => {
    const output = await cluster.kubectl(
      ["debug", "-i", "p", `--image=${BUSYBOX}`, "--image-pull-policy=Never", "-c", "dbg"].concat([
        "--target=c",
        "--",
        "sh",
        "-c",
        "read x; ps; echo $x",
      ]),
      { input: "seen\n" },
    );
    expect(output.stderr).not.toContain("error:");
    expect(String(output.stdout)).toContain("sleep 100000");
    expect(String(output.stdout)).toContain("seen\n");
  }, 30_000);
});
