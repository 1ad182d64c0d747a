// SPDX-License-Identifier: Apache-2.0
// PortForward over SPDY: into the pod's own loopback, both families, half-closed connections, and errors that end only themselves.
import { type ChildProcess, execFileSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { failure } from "../../../../helpers/cri-client.ts";
import { CriNode } from "../../../../helpers/cri-node.ts";
import { type ClientStream, SpdyClient } from "../../../../helpers/spdy-client.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

// Processes start slowly on a busy machine.
jest.setTimeout(30_000);

let node: CriNode;
let pod: string;
const servers: ChildProcess[] = [];
beforeAll(async () => {
  node = await CriNode.start();
  pod = await node.runPod();
}, 60_000);
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.kill("SIGKILL");
    await waitFor(async () => server.exitCode !== null || server.signalCode !== null);
  }
});
afterAll(async () => {
  await node.removePods();
  expect(node.leftovers()).toEqual([]);
  await node.remove();
}, 60_000);

/** A server in a pod's network, whose every connection is given to `code` as `s`. */
async function serve(
  host: string,
  port: number,
  code: string,
  netns = `${node.dir}/s/netns/${uuid(pod)}`,
): Promise<void> {
  const program = `require("net").createServer({ allowHalfOpen: true }, (s) => { s.on("error", () => {}); ${code} }).listen(${port}, "${host}")`;
  const server = node.spawn("nsenter", [`--net=${netns}`, process.execPath, "-e", program]);
  servers.push(server);
  await waitFor(async () =>
    node
      .run("nsenter", `--net=${netns}`, "cat", "/proc/net/tcp", "/proc/net/tcp6")
      .includes(`:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000`),
  );
}

function uuid(podId: string): string {
  return podId.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

async function forward(podSandboxId = pod): Promise<SpdyClient> {
  const { url } = await node.runtime.portForward({ podSandboxId, port: [] });
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/portforward\/[\w-]{32}$/);
  return await SpdyClient.connect(url, node.netns, ["portforward.k8s.io"]);
}

let serial = 0;

async function connect(
  client: SpdyClient,
  port: number,
): Promise<{ readonly data: ClientStream; readonly error: ClientStream }> {
  serial += 1;
  const headers = { port: String(port), requestid: String(serial) };
  const error = await client.open({ ...headers, streamtype: "error" }, true);
  const data = await client.open({ ...headers, streamtype: "data" });
  return { data, error };
}

describe("PortForward over SPDY", () => {
  it("carries data both ways and ends without an error", async () => {
    await serve("127.0.0.1", 8080, "s.pipe(s)");
    const client = await forward();
    const { data, error } = await connect(client, 8080);
    await data.send("hello");
    await waitFor(async () => String(data.received()) === "hello");
    await data.end();
    expect(String(await data.ended)).toBe("hello");
    expect(String(await error.ended)).toBe("");
    client.close();
  });

  it("keeps a connection whose client has ended its side (CRI-04 a)", async () => {
    await serve(
      "127.0.0.1",
      8081,
      's.resume().on("end", () => setTimeout(() => s.end(Buffer.alloc(1000000)), 2000))',
    );
    const client = await forward();
    const { data } = await connect(client, 8081);
    await data.send("hello");
    await data.end();
    expect(await data.ended).toHaveLength(1_000_000);
    client.close();
  });

  it("keeps a connection whose pod has ended its side (CRI-04 a)", async () => {
    await serve(
      "127.0.0.1",
      8091,
      's.once("data", (d) => { if (String(d) === "?") { s.end(String(globalThis.n)); return; } ' +
        'globalThis.n = d.length; s.end("enough"); s.on("data", (e) => { globalThis.n += e.length; }); })',
    );
    const client = await forward();
    const { data, error } = await connect(client, 8091);
    await data.send("x");
    expect(String(await data.ended)).toBe("enough");
    await data.send(Buffer.alloc(1_000_000));
    await data.end();
    expect(String(await error.ended)).toBe("");
    const question = await connect(client, 8091);
    await question.data.send("?");
    expect(String(await question.data.ended)).toBe("1000001");
    client.close();
  });

  it("finds a server that listens on ::1 only (CRI-04 b), and says of a closed port that it is", async () => {
    await serve("::1", 8082, 's.end("six")');
    await serve("127.0.0.1", 8083, 's.end("four")');
    const client = await forward();
    const closed = await connect(client, 8084);
    expect(String(await closed.error.ended)).toContain(
      "Cannot forward to port 8084: nothing answers",
    );
    expect(String(await closed.data.ended)).toBe("");
    // The same session goes on.
    for (const [port, answer] of [
      [8082, "six"],
      [8083, "four"],
    ] as const) {
      const { data, error } = await connect(client, port);
      expect(String(await data.ended)).toBe(answer);
      await data.end();
      expect(String(await error.ended)).toBe("");
    }
    client.close();
  });

  it("carries many connections of one session, each its own bytes", async () => {
    await serve("127.0.0.1", 8085, "s.pipe(s)");
    const client = await forward();
    const connections = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const { data } = await connect(client, 8085);
        await data.send(Buffer.alloc(100_000, index));
        await data.end();
        return await data.ended;
      }),
    );
    connections.forEach((bytes, index) => {
      expect(bytes.equals(Buffer.alloc(100_000, index))).toBe(true);
    });
    client.close();
  });

  it("tells the pod when the client resets a connection or leaves", async () => {
    await serve("127.0.0.1", 8086, 's.write("x"); s.resume().on("end", () => process.exit(9))');
    const [server] = servers;
    const client = await forward();
    const { data } = await connect(client, 8086);
    await waitFor(async () => data.received().length === 1);
    data.reset();
    await waitFor(async () => server?.exitCode === 9);
    await serve("127.0.0.1", 8087, 's.write("x"); s.resume().on("end", () => process.exit(8))');
    const other = await connect(client, 8087);
    await waitFor(async () => other.data.received().length === 1);
    client.close();
    await waitFor(async () => servers.at(-1)?.exitCode === 8);
  });

  it("resets streams that name no port or role, and goes on", async () => {
    const client = await forward();
    for (const headers of [
      { streamtype: "data" },
      { streamtype: "data", port: "0" },
      { streamtype: "data", port: "65536" },
      { streamtype: "stdin", port: "80" },
    ]) {
      await expect((await client.open(headers)).ended).rejects.toThrow("reset");
    }
    client.ping(1);
    await waitFor(async () => client.frames.some((frame) => frame.kind === "ping"));
    client.close();
  });

  it("connects from inside the pod's network, while the server stays in the node's", async () => {
    await serve("127.0.0.1", 8088, 's.end(require("fs").readlinkSync("/proc/self/ns/net"))');
    const other = await node.runPod();
    await serve("127.0.0.1", 8088, 's.end("other")', `${node.dir}/s/netns/${uuid(other)}`);
    const before = readlinkSync(node.netns);
    const [client, otherClient] = [await forward(), await forward(other)];
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const { data } = await connect(index % 2 === 0 ? client : otherClient, 8088);
        return String(await data.ended);
      }),
    );
    const netns = execFileSync("stat", ["-Lc", "%i", `/proc/${servers[0]?.pid}/ns/net`], {
      encoding: "utf8",
    });
    expect(new Set(answers)).toEqual(new Set([`net:[${netns.trim()}]`, "other"]));
    for (const thread of node.run("ls", `/proc/${node.serverPid}/task`).trim().split("\n")) {
      expect(readlinkSync(`/proc/${node.serverPid}/task/${thread}/ns/net`)).toBe(before);
    }
    client.close();
    otherClient.close();
  });
});

describe("PortForward to a pod of the host's network", () => {
  it("reaches the node's loopback", async () => {
    await serve("127.0.0.1", 8089, 's.end("node")', node.netns);
    const client = await forward(
      await node.runPod({
        linux: node.pods.inNamespaces({ network: 2, pid: 1 }),
      }),
    );
    const { data } = await connect(client, 8089);
    expect(String(await data.ended)).toBe("node");
    client.close();
  });
});

describe("a session that lasts longer than its pod", () => {
  it("reaches nothing any more, also where the pod had the host's network", async () => {
    await serve("127.0.0.1", 8094, 's.end("node")', node.netns);
    const podSandboxId = await node.runPod({
      linux: node.pods.inNamespaces({ network: 2, pid: 1 }),
    });
    const client = await forward(podSandboxId);
    expect(String(await (await connect(client, 8094)).data.ended)).toBe("node");
    await node.runtime.stopPodSandbox({ podSandboxId });
    const stopped = await connect(client, 8094);
    expect(String(await stopped.error.ended)).toContain("the pod is stopped, expected ready");
    await node.runtime.removePodSandbox({ podSandboxId });
    const removed = await connect(client, 8094);
    expect(String(await removed.error.ended)).toContain("there is none with this id");
    expect(String(await removed.data.ended)).toBe("");
    client.close();
  });
});

describe("PortForward refuses", () => {
  it.each([
    [{ port: [0] }, 3, "0 is no port"],
    [{ podSandboxId: "none" }, 5, "there is none with this id"],
  ])("%j", async (request, code, text) => {
    const error = await failure(node.runtime.portForward({ podSandboxId: pod, ...request }));
    expect(error).toEqual({ code, details: expect.stringContaining(text) });
  });

  it("a pod that was stopped", async () => {
    const podSandboxId = await node.runPod();
    await node.runtime.stopPodSandbox({ podSandboxId });
    const error = await failure(node.runtime.portForward({ podSandboxId, port: [80] }));
    expect(error).toEqual({ code: 9, details: expect.stringContaining("expected ready") });
  });
});
