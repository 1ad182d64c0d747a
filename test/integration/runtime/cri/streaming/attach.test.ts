// SPDX-License-Identifier: Apache-2.0
// Attach over SPDY: the streams of a container's first process.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { failure } from "../../../../helpers/cri-client.ts";
import { CriNode } from "../../../../helpers/cri-node.ts";
import {
  openSession,
  type SpdySession,
  type StreamRole,
  wants,
} from "../../../../helpers/spdy-client.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

// Processes start slowly on a busy machine.
jest.setTimeout(30_000);

let node: CriNode;
let pod: string;
beforeAll(async () => {
  node = await CriNode.start();
  pod = await node.runPod();
}, 60_000);
afterAll(async () => {
  await node.removePods();
  expect(node.leftovers()).toEqual([]);
  await node.remove();
}, 60_000);

async function attach(containerId: string, roles: readonly StreamRole[]): Promise<SpdySession> {
  const { url } = await node.runtime.attach({ containerId, ...wants(roles) });
  return await openSession(url, node.netns, roles);
}

const LOOP = "while read line; do echo out $line; echo err $line >&2; done; echo over";

describe("Attach", () => {
  it("gives what is written from now on, and passes stdin on and its end", async () => {
    const id = await node.runContainer(pod, "once", ["sh", "-c", LOOP], {
      stdin: true,
      stdinOnce: true,
    });
    const { stdin, stdout, stderr, error } = await attach(id, ["stdin", "stdout", "stderr"]);
    await stdin.send("one\ntwo\n");
    await waitFor(async () => String(stderr.received()) === "err one\nerr two\n");
    await stdin.end();
    expect(String(await stdout.ended)).toBe("out one\nout two\nover\n");
    expect(JSON.parse(String(await error.ended))).toEqual({ metadata: {}, status: "Success" });
    expect((await node.exited(id)).exitCode).toBe(0);
  });

  it("leaves stdin open for the next client, unless it is for one only", async () => {
    const id = await node.runContainer(pod, "more", ["sh", "-c", LOOP], { stdin: true });
    const first = await attach(id, ["stdin", "stdout"]);
    await first.stdin.send("one\n");
    await waitFor(async () => String(first.stdout.received()) === "out one\n");
    first.client.close();
    const second = await attach(id, ["stdin", "stdout"]);
    await second.stdin.send("two\n");
    await waitFor(async () => String(second.stdout.received()) === "out two\n");
    second.client.close();
    expect((await node.status(id)).state).toBe(1);
  });

  it("serves several clients of one container", async () => {
    const id = await node.runContainer(pod, "many", ["sh", "-c", LOOP], { stdin: true });
    const watching = await attach(id, ["stdout"]);
    const typing = await attach(id, ["stdin", "stdout"]);
    await waitFor(async () => {
      await typing.stdin.send("x\n");
      return String(watching.stdout.received()).includes("out x\n");
    });
    watching.client.close();
    typing.client.close();
  });

  it("has a terminal that is never 0x0 and follows the client's size", async () => {
    const script = "stty size; while read line; do stty size; done";
    const id = await node.runContainer(pod, "tty", ["sh", "-c", script], {
      stdin: true,
      tty: true,
    });
    const { client, stdin, stdout, resize } = await attach(id, ["stdin", "stdout", "resize"]);
    await resize.send('{"Width":90,"Height":40}\n');
    await waitFor(async () => {
      await stdin.send("\n");
      return String(stdout.received()).includes("40 90\r\n");
    });
    // kubectl begins with one cell too many, so that programs draw themselves anew, and the right size comes at once after.
    for (let round = 0; round < 10; round += 1) {
      await resize.send('{"Width":78,"Height":34}\n{"Width":77,"Height":33}\n');
      await waitFor(async () => {
        await stdin.send("\n");
        return String(stdout.received()).endsWith("33 77\r\n");
      }, 2000);
    }
    client.close();
    expect(readFileSync((await node.status(id)).logPath, "utf8")).toContain(" stdout F 24 80");
  });

  it("gives 20 MiB whole, and more slowly to a client that reads slowly", async () => {
    const script = "read line; head -c 20971520 /dev/zero";
    const id = await node.runContainer(pod, "big", ["sh", "-c", script], {
      stdin: true,
      logPath: "",
    });
    const { client, stdin, stdout } = await attach(id, ["stdin", "stdout"]);
    client.socket.pause();
    await stdin.send("\n");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    client.socket.resume();
    expect((await stdout.ended).length).toBe(20971520);
  }, 60_000);

  it("still works after the server was killed", async () => {
    const id = await node.runContainer(pod, "kept", ["sh", "-c", LOOP], { stdin: true });
    const before = await attach(id, ["stdin", "stdout"]);
    await node.killServer();
    await before.client.closed;
    await node.startServer();
    const { client, stdin, stdout } = await attach(id, ["stdin", "stdout"]);
    await stdin.send("again\n");
    await waitFor(async () => String(stdout.received()) === "out again\n");
    client.close();
  });

  it("refuses what cannot be attached to", async () => {
    const id = await node.runContainer(pod, "plain", ["sleep", "1000"]);
    const errors = [
      await failure(node.runtime.attach({ containerId: id })),
      await failure(node.runtime.attach({ containerId: id, tty: true, stdout: true })),
    ];
    expect(errors.map(({ code, details }) => `${code} ${details}`)).toEqual([
      "3 Cannot attach to the first process: the request asks for none of stdin, stdout and stderr",
      '3 Cannot attach to container "plain": it has no terminal',
    ]);
    await node.runtime.stopContainer({ containerId: id });
    expect(await failure(node.runtime.attach({ containerId: id, stdout: true }))).toEqual({
      code: 9,
      details: expect.stringContaining("expected running"),
    });
  });
});
