// SPDX-License-Identifier: Apache-2.0
// Exec and PortForward over WebSocket, in each of Kubernetes' protocols.
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { CriNode } from "../../../../helpers/cri-node.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";
import { WebSocketClient } from "../../../../helpers/websocket-client.ts";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;

// Processes start slowly on a busy machine.
jest.setTimeout(30_000);

let node: CriNode;
let pod: string;
let container: string;
beforeAll(async () => {
  node = await CriNode.start();
  pod = await node.runPod();
  container = await node.runContainer(pod, "main", [
    "sh",
    "-c",
    "nc -ll -p 8080 -e cat & exec sleep 100000",
  ]);
}, 60_000);
afterAll(async () => {
  await node.removePods();
  expect(node.leftovers()).toEqual([]);
  await node.remove();
}, 60_000);

async function exec(
  protocol: string,
  script: string,
  wanted: { readonly stdin?: boolean; readonly tty?: boolean } = {},
): Promise<WebSocketClient> {
  const { url } = await node.runtime.exec({
    containerId: container,
    cmd: ["sh", "-c", script],
    stdout: true,
    stderr: wanted.tty !== true,
    ...wanted,
  });
  return await WebSocketClient.connect(url, node.netns, protocol);
}

function text(client: WebSocketClient, channel: number): string {
  return String(client.received(channel));
}

describe("Exec over WebSocket", () => {
  it.each(["v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io"])(
    "%s gives outputs apart and a status",
    async (protocol) => {
      const client = await exec(protocol, "echo out; echo err >&2; exit 3");
      await client.closed;
      expect(client.protocol).toBe(protocol);
      expect(client.order[0]).toBe(STDOUT);
      expect(text(client, STDOUT)).toBe("out\n");
      expect(text(client, STDERR)).toBe("err\n");
      expect(JSON.parse(text(client, ERROR))).toMatchObject({
        details: { causes: [{ reason: "ExitCode", message: "3" }] },
      });
      expect(client.closeCode).toBe(1000);
    },
  );

  it.each(["channel.k8s.io", "base64.channel.k8s.io"])(
    "%s says only failures, as text",
    async (protocol) => {
      const good = await exec(protocol, "echo out");
      await good.closed;
      expect(text(good, STDOUT)).toBe("out\n");
      expect(good.received(ERROR)).toBeUndefined();
      const bad = await exec(protocol, "exit 4");
      await bad.closed;
      expect(text(bad, ERROR)).toBe("command terminated with non-zero exit code: 4");
    },
  );

  it("passes stdin on, and with v5 its end", async () => {
    const client = await exec("v5.channel.k8s.io", "cat; echo end", { stdin: true });
    await client.send(STDIN, "one ");
    await waitFor(async () => text(client, STDOUT) === "one ");
    await client.send(STDIN, "two ");
    await client.end(STDIN);
    await client.closed;
    expect(text(client, STDOUT)).toBe("one two end\n");
  });

  it("has terminals with the client's size", async () => {
    const client = await exec("v4.channel.k8s.io", "stty size", { stdin: true, tty: true });
    await client.send(RESIZE, '{"Width":77,"Height":33}');
    await client.closed;
    expect(text(client, STDOUT)).toBe("33 77\r\n");
  });

  it("answers pings, puts pieces together and lets the client close", async () => {
    const client = await exec("v4.channel.k8s.io", "exec cat -u", { stdin: true });
    await client.frame(0x89, Buffer.from("are you there"));
    await client.frame(0x02, Buffer.from([STDIN, 0x61]));
    await client.frame(0x00, Buffer.from("b"));
    await client.frame(0x80, Buffer.from("c"));
    await waitFor(async () => text(client, STDOUT) === "abc");
    expect(client.pongs).toEqual(["are you there"]);
    await client.frame(0x88, Buffer.alloc(0));
    await client.closed;
    expect(client.closeCode).toBe(1000);
    await waitFor(async () => !(await node.exec(container, "ps")).stdout.includes("cat -u"));
  });

  it("ends a connection that breaks the protocol, and no other", async () => {
    const other = await exec("v4.channel.k8s.io", "cat", { stdin: true });
    const client = await exec("v4.channel.k8s.io", "cat", { stdin: true });
    await client.frame(0x80, Buffer.from("out of order"));
    await client.closed;
    expect(client.closeCode).toBe(1002);
    await other.send(STDIN, "x");
    await waitFor(async () => text(other, STDOUT) === "x");
    other.close();
  });
});

describe("PortForward over WebSocket", () => {
  it.each(["v4.channel.k8s.io", "v4.base64.channel.k8s.io"])(
    "%s says the port, then carries data; an error is told on its channel",
    async (protocol) => {
      const { url } = await node.runtime.portForward({ podSandboxId: pod, port: [8080, 81] });
      const client = await WebSocketClient.connect(url, node.netns, protocol);
      await client.send(0, "hello");
      await waitFor(async () => (client.received(0)?.length ?? 0) === 7);
      expect(client.received(0)).toEqual(Buffer.from("\x90\x1fhello", "latin1"));
      expect(client.received(1)).toEqual(Buffer.from("\x90\x1f", "latin1"));
      await waitFor(async () => (client.received(3)?.length ?? 0) > 2);
      expect(client.received(3)?.subarray(0, 2)).toEqual(Buffer.of(81, 0));
      expect(text(client, 3)).toContain("Cannot forward to port 81: nothing answers");
      client.close();
    },
  );
});
