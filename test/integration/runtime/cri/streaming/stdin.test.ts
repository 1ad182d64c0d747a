// SPDX-License-Identifier: Apache-2.0
// Much stdin into commands that print nothing: none of it may get lost, and the server does not gather it.
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { CriNode } from "../../../../helpers/cri-node.ts";
import { openSession } from "../../../../helpers/spdy-client.ts";
import { WebSocketClient } from "../../../../helpers/websocket-client.ts";

const MIB = 1024 * 1024;
/** With COREFLY_LONG five times each, as the row says; without, once each protocol, and many smaller ones. */
const IS_LONG = process.env["COREFLY_LONG"] !== undefined;
const FULL_ROUNDS = IS_LONG ? 5 : 1;
const SMALL_SIZES = [0, 1, 65_535, 65_537, 300_000, 3 * MIB + 1];
const COMMANDS = ["exec cat >/tmp/f", "exec dd of=/tmp/f bs=4k 2>/dev/null"] as const;

let node: CriNode;
let container: string;
beforeAll(async () => {
  node = await CriNode.start({ subnet: "10.219.14.0/24" });
  container = await node.runContainer(await node.runPod(), "main", ["sleep", "100000"]);
}, 60_000);
afterAll(async () => {
  await node.removePods();
  expect(node.leftovers()).toEqual([]);
  await node.remove();
}, 60_000);

/** The other end of a command: what goes to its stdin, and what is said of its end. */
interface Session {
  send(data: Buffer): Promise<void>;
  end(): Promise<void>;
  readonly status: Promise<Buffer>;
}

const PROTOCOLS: Readonly<Record<string, (url: string, netns: string) => Promise<Session>>> = {
  SPDY: async (url, netns) => {
    const { stdin, error } = await openSession(url, netns, ["stdin", "stdout", "stderr"]);
    return { send: stdin.send, end: stdin.end, status: error.ended };
  },
  "WebSocket v5": async (url, netns) => {
    const client = await WebSocketClient.connect(url, netns, "v5.channel.k8s.io");
    return {
      send: (data) => client.send(0, data),
      end: () => client.end(0),
      status: client.closed.then(() => client.received(3) ?? Buffer.alloc(0)),
    };
  },
};

/** Sends so many random bytes; answers what the server's memory has grown by at most, in bytes. */
async function carry(protocol: string, command: string, size: number): Promise<number> {
  const { url } = await node.runtime.exec({
    containerId: container,
    cmd: ["sh", "-c", command],
    stdin: true,
    stdout: true,
    stderr: true,
  });
  const session = await PROTOCOLS[protocol]?.(url, node.netns);
  if (session === undefined) {
    throw new Error(`No protocol ${protocol}`);
  }
  const hash = createHash("sha256");
  const before = rss();
  let most = before;
  for (let sent = 0; sent < size; ) {
    const block = randomBytes(Math.min(MIB, size - sent));
    hash.update(block);
    await session.send(block);
    sent += block.length;
    most = Math.max(most, rss());
  }
  await session.end();
  expect(JSON.parse(String(await session.status))).toMatchObject({ status: "Success" });
  const sum = await node.exec(container, "sha256sum", "/tmp/f");
  expect({ protocol, command, size, sum: sum.stdout.split(" ")[0] }).toEqual({
    protocol,
    command,
    size,
    sum: hash.digest("hex"),
  });
  return most - before;
}

/** The server's memory, in bytes. */
const rss = () => node.residentKb * 1024;

describe.each(Object.keys(PROTOCOLS))("stdin over %s (CRI-01)", (protocol) => {
  it.each(COMMANDS)(
    "of any size reaches %s whole",
    async (command) => {
      for (const size of SMALL_SIZES) {
        await carry(protocol, command, size);
      }
    },
    60_000,
  );

  it.each(IS_LONG ? COMMANDS : [COMMANDS[protocol === "SPDY" ? 1 : 0]])(
    "of 200 MiB reaches %s whole, and does not gather in the server",
    async (command) => {
      for (let round = 0; round < FULL_ROUNDS; round += 1) {
        expect(await carry(protocol, command, 200 * MIB)).toBeLessThan(50 * MIB);
      }
    },
    IS_LONG ? 600_000 : 120_000,
  );
});
