// SPDX-License-Identifier: Apache-2.0
// What users do to a pod with kubectl, through the API server and the kubelet of the release that our clusters run.
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { BUSYBOX, CriNode } from "../../../../helpers/cri-node.ts";
import { NativeCluster } from "../../../../helpers/native-cluster.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

const inTerminal = resolve(import.meta.dirname, "../../../../fixtures/bin/in-terminal.py");
const BIG = randomBytes(50 * 1024 * 1024);
const SPDY = {
  KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false",
  KUBECTL_PORT_FORWARD_WEBSOCKETS: "false",
};

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
          stdin: true,
          command: ["sh", "-c", "nc -ll -p 8080 -e cat & while read l; do echo got $l; done"],
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

const shell = (script: string) => ["exec", "-i", "p", "--", "sh", "-c", script];

describe.each([
  ["WebSocket", {}],
  ["SPDY", SPDY],
])("kubectl exec by %s", (_name, env) => {
  it("gives outputs apart and the exit code", async () => {
    const ended = await cluster.kubectl(shell("echo out; echo err >&2; exit 7"), { env });
    expect({ ...ended, stdout: String(ended.stdout) }).toEqual({
      exitCode: 7,
      stdout: "out\n",
      stderr: "err\ncommand terminated with exit code 7\n",
    });
  });

  it("says why a command cannot start", async () => {
    const { exitCode, stderr } = await cluster.kubectl(["exec", "p", "--", "no-such"], { env });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("executable file `no-such` not found");
  });

  it("carries 50 MB in and out", async () => {
    const { exitCode, stdout } = await cluster.kubectl(shell("cat >/tmp/f; cat /tmp/f"), {
      env,
      input: BIG,
    });
    expect(exitCode).toBe(0);
    expect(stdout.equals(BIG)).toBe(true);
  }, 30_000);

  it("has terminals of the user's size (POD-09)", async () => {
    const script = "stty size; sleep 1; stty size; exit 5";
    const { exitCode, stdout } = await cluster.kubectl(
      ["exec", "-it", "p", "--", "sh", "-c", script],
      { env, prefix: ["python3", inTerminal] },
    );
    expect(String(stdout)).toBe("33 77\r\n40 90\r\ncommand terminated with exit code 5\r\n");
    expect(exitCode).toBe(5);
  });
});

describe.each([
  ["WebSocket", {}],
  ["SPDY", SPDY],
])("kubectl port-forward by %s", (_name, env) => {
  it("carries connections", async () => {
    let child: ChildProcess | undefined;
    let text = "";
    const ended = cluster.kubectl(["port-forward", "pod/p", "9090:8080"], {
      env,
      started: (each) => {
        child = each;
        each.stdout?.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
      },
    });
    await waitFor(() => text.includes("Forwarding from 127.0.0.1:9090 -> 8080"));
    for (const word of ["one", "two"]) {
      const answer = node.run("sh", "-c", `echo ${word} | busybox nc -w 5 127.0.0.1 9090`);
      expect(answer).toBe(`${word}\n`);
    }
    child?.kill();
    await ended;
  }, 20_000);
});

describe("kubectl", () => {
  it("attaches to the first process", async () => {
    let child: ChildProcess | undefined;
    const ended = cluster.kubectl(["attach", "-i", "p"], {
      input: "hello\n",
      started: (each) => {
        child = each;
      },
    });
    await waitFor(async () => (await kubectl("logs", "p")).includes("got hello\n"), 10_000, 250);
    child?.kill();
    expect(String((await ended).stdout)).toBe("got hello\n");
  }, 20_000);

  it("copies files both ways", async () => {
    const [up, down] = [join(cluster.dir, "up"), join(cluster.dir, "down")];
    writeFileSync(up, BIG);
    await kubectl("cp", up, "p:/tmp/copied");
    await kubectl("cp", "p:/tmp/copied", down);
    expect(readFileSync(down).equals(BIG)).toBe(true);
  }, 30_000);

  it("debugs with an ephemeral container that sees the other's processes", async () => {
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
    expect(String(output.stdout)).toContain("nc -ll -p 8080");
    expect(String(output.stdout)).toContain("seen\n");
  }, 30_000);
});
