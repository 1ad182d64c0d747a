// SPDX-License-Identifier: Apache-2.0
// Exec over SPDY: streams, exit codes, terminals, and what happens when one side leaves.
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { failure } from "../../../../helpers/cri-client.ts";
import { CriNode } from "../../../../helpers/cri-node.ts";
import {
  type ClientStream,
  openSession,
  SpdyClient,
  type SpdySession,
  type StreamRole,
  wants,
} from "../../../../helpers/spdy-client.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

// Processes start slowly on a busy machine.
jest.setTimeout(30_000);

let node: CriNode;
let container: string;
beforeAll(async () => {
  node = await CriNode.start();
  container = await node.runContainer(await node.runPod(), "main", ["sleep", "100000"]);
}, 60_000);
afterAll(async () => {
  await node.removePods();
  expect(node.leftovers()).toEqual([]);
  await node.remove();
}, 60_000);

async function session(cmd: readonly string[], roles: readonly StreamRole[]): Promise<SpdySession> {
  const { url } = await node.runtime.exec({
    containerId: container,
    cmd: [...cmd],
    ...wants(roles),
  });
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/exec\/[\w-]{32}$/);
  return await openSession(url, node.netns, roles);
}

async function status(stream: ClientStream): Promise<unknown> {
  return JSON.parse((await stream.ended).toString());
}

const SUCCESS = { metadata: {}, status: "Success" };

describe("Exec over SPDY", () => {
  it("gives stdout and stderr apart, and success", async () => {
    const { client, stdout, stderr, error } = await session(
      ["sh", "-c", "echo out; echo err >&2"],
      ["stdout", "stderr"],
    );
    expect(client.protocol).toBe("v5.channel.k8s.io");
    expect(await status(error)).toEqual(SUCCESS);
    expect(String(await stdout.ended)).toBe("out\n");
    expect(String(await stderr.ended)).toBe("err\n");
    await client.closed;
  });

  it("gives the exit code as kubectl reads it", async () => {
    const { error } = await session(["sh", "-c", "exit 7"], ["stdout", "stderr"]);
    expect(await status(error)).toEqual({
      metadata: {},
      status: "Failure",
      message: "command terminated with non-zero exit code: 7",
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: "7" }] },
    });
  });

  it("says why a command cannot start", async () => {
    const { error, stderr } = await session(["no-such-program"], ["stdout", "stderr"]);
    expect(await status(error)).toMatchObject({
      status: "Failure",
      reason: "InternalError",
      code: 500,
      message: expect.stringContaining("no-such-program"),
    });
    // kubectl prints the status: the reason is not told twice.
    expect(String(await stderr.ended)).toBe("");
    const terminal = await session(["no-such-program"], ["stdin", "stdout", "resize"]);
    expect(await status(terminal.error)).toMatchObject({
      reason: "InternalError",
      message: expect.stringContaining("no-such-program"),
    });
    expect(String(await terminal.stdout.ended)).toBe("");
  });

  it("passes stdin on and its end, and gives the rest of stdout", async () => {
    const { stdin, stdout, error } = await session(["cat"], ["stdin", "stdout", "stderr"]);
    await stdin.send("one\n");
    await waitFor(async () => String(stdout.received()) === "one\n");
    await stdin.send("two");
    await stdin.end();
    expect(String(await stdout.ended)).toBe("one\ntwo");
    expect(await status(error)).toEqual(SUCCESS);
  });

  it("gives a command without stdin one that is at its end, and pipes that can be opened again", async () => {
    const { stdout } = await session(["sh", "-c", "cat; echo x >/dev/stdout"], ["stdout"]);
    expect(String(await stdout.ended)).toBe("x\n");
    const again = await session(["sh", "-c", "cat /dev/stdin"], ["stdin", "stdout"]);
    await again.stdin.send("y");
    await again.stdin.end();
    expect(String(await again.stdout.ended)).toBe("y");
  });

  it("gives 100 MiB to a client that reads them, and does not gather them for one that does not", async () => {
    const { client, stdout, error } = await session(
      ["sh", "-c", "head -c 104857600 /dev/zero"],
      ["stdout"],
    );
    client.socket.pause();
    const before = node.residentKb;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(node.residentKb - before).toBeLessThan(20 * 1024);
    client.socket.resume();
    expect((await stdout.ended).length).toBe(104857600);
    expect(await status(error)).toEqual(SUCCESS);
  }, 60_000);

  it("throws stdin away that the command does not want, and still tells its end", async () => {
    const { stdin, error } = await session(
      ["sh", "-c", "exec <&-; sleep 0.3; exit 4"],
      ["stdin", "stdout"],
    );
    for (let count = 0; count < 30; count += 1) {
      await stdin.send(Buffer.alloc(65536));
    }
    expect(await status(error)).toMatchObject({ reason: "NonZeroExitCode" });
  });

  it("does not wait for what runs on in the background", async () => {
    const { stdout, error } = await session(
      ["sh", "-c", "sleep 30 & echo done"],
      ["stdout", "stderr"],
    );
    expect(await status(error)).toEqual(SUCCESS);
    expect(String(await stdout.ended)).toBe("done\n");
  });

  it("runs as the container's user, in its cgroup and namespaces", async () => {
    const { stdout } = await session(["sh", "-c", "id -u; hostname; cat /proc/1/comm"], ["stdout"]);
    expect(String(await stdout.ended)).toBe("0\npod-1\nsleep\n");
  });

  it("closes a command's streams when its client leaves", async () => {
    const { client, stdout } = await session(
      ["sh", "-c", "echo $$; exec cat"],
      ["stdin", "stdout"],
    );
    await waitFor(async () => stdout.received().length > 0);
    const pid = String(stdout.received()).trim();
    client.close();
    await waitFor(async () => (await node.exec(container, "ls", `/proc/${pid}`)).exitCode !== 0);
  });
});

describe("Exec with a terminal", () => {
  it("has the client's size from the beginning, and follows it", async () => {
    const { stdin, stdout, resize, error } = await session(
      ["sh", "-c", "stty size; tty; read x; stty size; exit 3"],
      ["stdin", "stdout", "resize"],
    );
    await resize.send('{"Width":77,"Height":33}\n');
    await waitFor(async () => String(stdout.received()).includes("/dev/pts/"));
    await resize.send('{"Width":90,"Height":40}\n');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await stdin.send("x\n");
    expect(await status(error)).toMatchObject({ details: { causes: [{ message: "3" }] } });
    expect(String(await stdout.ended)).toBe("33 77\r\n/dev/pts/0\r\nx\r\n40 90\r\n");
  });

  it("never has the size 0x0 (POD-09)", async () => {
    const { stdout, resize } = await session(["stty", "size"], ["stdin", "stdout", "resize"]);
    await resize.send('{"Width":0,"Height":0}\n{"Width":');
    expect(String(await stdout.ended)).toBe("24 80\r\n");
    for (let count = 0; count < 10; count += 1) {
      const again = await session(["stty", "size"], ["stdin", "stdout", "resize"]);
      await again.resize.send('{"Width":77,"Height":33}\n');
      expect(String(await again.stdout.ended)).toBe("33 77\r\n");
    }
  });

  it("takes ^C and ends with the signal's code", async () => {
    const { stdin, stdout, resize, error } = await session(
      ["sh", "-c", "echo $TERM; sleep 100"],
      ["stdin", "stdout", "resize"],
    );
    await resize.send('{"Width":80,"Height":24}\n');
    await waitFor(async () => String(stdout.received()).includes("xterm"));
    await stdin.send("\x03");
    expect(await status(error)).toMatchObject({ details: { causes: [{ message: "130" }] } });
  });

  it("does not stop the server while nobody reads what is typed", async () => {
    const { client, stdin, stdout, resize } = await session(
      ["sh", "-c", "stty raw -echo; echo ready; sleep 100"],
      ["stdin", "stdout", "resize"],
    );
    await resize.send('{"Width":80,"Height":24}\n');
    await waitFor(async () => String(stdout.received()).includes("ready"));
    await stdin.send(Buffer.alloc(128 * 1024, 0x61));
    await node.runtime.version({}, { timeoutMs: 2000 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await node.runtime.version({}, { timeoutMs: 2000 });
    client.close();
    await waitFor(async () => !(await node.exec(container, "ps")).stdout.includes("sleep 100\n"));
  });
});

describe("a server that is killed", () => {
  it("takes its sessions with it, and the next one finds nothing of them", async () => {
    const { client, stdout } = await session(["sh", "-c", "echo on; cat"], ["stdin", "stdout"]);
    await waitFor(async () => stdout.received().length > 0);
    await node.killServer();
    await client.closed;
    await node.startServer();
    expect(readdirSync(`${node.dir}/s/exec`)).toEqual([]);
    const again = await session(["echo", "still here"], ["stdout"]);
    expect(String(await again.stdout.ended)).toBe("still here\n");
  });
});

describe("Exec refuses", () => {
  it.each([
    [{ cmd: [], stdout: true }, 3, "names none"],
    [{ cmd: ["true"] }, 3, "asks for none of stdin, stdout and stderr"],
    [{ cmd: ["true"], tty: true, stdout: true, stderr: true }, 3, "a terminal and stderr"],
    [{ cmd: ["true"], stdout: true, containerId: "none" }, 5, "there is none with this id"],
  ])("%j", async (request, code, text) => {
    const error = await failure(node.runtime.exec({ containerId: container, ...request }));
    expect(error).toEqual({ code, details: expect.stringContaining(text) });
  });

  it("a container that has ended", async () => {
    const ended = await node.runContainer(await node.runPod(), "ended", ["true"]);
    await node.exited(ended);
    const error = await failure(
      node.runtime.exec({ containerId: ended, cmd: ["true"], stdout: true }),
    );
    expect(error).toEqual({ code: 9, details: expect.stringContaining("expected running") });
  });

  it("a container that has gone since the offer, in the same words", async () => {
    const gone = await node.runContainer(await node.runPod(), "gone", ["sleep", "100"]);
    const offers = [gone, gone].map((containerId) =>
      node.runtime.exec({ containerId, cmd: ["true"], stdout: true }),
    );
    const [first, second] = await Promise.all(offers);
    const answer = async (url = "") => {
      const client = await SpdyClient.connect(url, node.netns);
      const error = await client.open({ streamtype: "error" });
      await client.open({ streamtype: "stdout" });
      return await status(error);
    };
    await node.runtime.stopContainer({ containerId: gone });
    expect(await answer(first?.url)).toMatchObject({
      message: expect.stringContaining('container "gone": it is exited, expected running'),
    });
    await node.runtime.removeContainer({ containerId: gone });
    expect(await answer(second?.url)).toMatchObject({
      message: expect.stringContaining("there is none with this id"),
    });
  });

  it("a token that was used, and one that never was", async () => {
    const { url } = await node.runtime.exec({
      containerId: container,
      cmd: ["true"],
      stdout: true,
    });
    const client = await SpdyClient.connect(url, node.netns);
    await expect(SpdyClient.connect(url, node.netns)).rejects.toThrow("404");
    await expect(SpdyClient.connect(url.replace(/[^/]+$/, "x"), node.netns)).rejects.toThrow("404");
    client.close();
  });
});
