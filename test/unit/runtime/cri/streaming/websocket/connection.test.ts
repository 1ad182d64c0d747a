// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { silentLog } from "../../../../../../runtime/cri/log.ts";
import {
  type CommandStreams,
  openCommandStreams,
} from "../../../../../../runtime/cri/streaming/command-streams.ts";
import { DEFAULT_LIMITS, StreamingServer } from "../../../../../../runtime/cri/streaming/server.ts";
import { linuxClock } from "../../../../../../runtime/system/clock.ts";
import { waitFor } from "../../../../../helpers/wait-for.ts";
import { WebSocketClient } from "../../../../../helpers/websocket-client.ts";

// Twenty megabytes take their time on a busy machine.
jest.setTimeout(30_000);

const STDIN = 0;
let server: StreamingServer;
let streams: CommandStreams | undefined;
let socket: Socket | undefined;
beforeEach(async () => {
  [streams, socket] = [undefined, undefined];
  server = new StreamingServer({
    clock: linuxClock,
    log: silentLog,
    limits: { ...DEFAULT_LIMITS, idleMs: 500, probeMs: 50 },
  });
  await server.listen();
});
afterEach(() => server.close());

async function connect(protocol: string): Promise<WebSocketClient> {
  const url = server.offer("exec", async (client) => {
    socket = client.socket as Socket;
    streams = await openCommandStreams(client, {
      stdin: true,
      stdout: true,
      stderr: true,
      tty: false,
    });
  });
  return await WebSocketClient.connect(url, undefined, protocol);
}

describe("serveWebSocket()", () => {
  it("reads no more than 256 KiB ahead of a channel that nobody reads, and loses nothing", async () => {
    const client = await connect("v5.channel.k8s.io");
    const hash = createHash("sha256");
    for (let count = 0; count < 320; count += 1) {
      const block = randomBytes(65536);
      hash.update(block);
      void client.send(STDIN, block);
    }
    void client.end(STDIN);
    await waitFor(() => (socket?.bytesRead ?? 0) > 256 * 1024);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(socket?.bytesRead).toBeLessThan(256 * 1024 + 4 * 65536);
    const received = createHash("sha256");
    for await (const chunk of streams?.stdin ?? []) {
      received.update(chunk);
    }
    expect(received.digest("hex")).toBe(hash.digest("hex"));
    client.close();
  });

  it("notices that a client has gone which it holds back", async () => {
    const client = await connect("v4.channel.k8s.io");
    void client.send(STDIN, Buffer.alloc(3 * 1024 * 1024));
    await waitFor(() => client.pings > 2);
    expect(streams?.closed.aborted).toBe(false);
    client.close();
    await waitFor(() => streams?.closed.aborted === true);
  });

  it("ends a connection without data, pings or not", async () => {
    const client = await connect("v4.channel.k8s.io");
    const timer = setInterval(() => void client.frame(0x89, Buffer.from("ping")), 50);
    await client.closed;
    clearInterval(timer);
    expect(client.pongs.length).toBeGreaterThan(0);
  });

  it("with v5 ends a channel, with v4 takes the same bytes for a message to none", async () => {
    for (const [protocol, isEnded] of [
      ["v5.channel.k8s.io", true],
      ["v4.channel.k8s.io", false],
    ] as const) {
      const client = await connect(protocol);
      await waitFor(() => streams !== undefined);
      streams?.stdin?.resume();
      await client.end(STDIN);
      await client.frame(0x89, Buffer.from("after"));
      await waitFor(() => client.pongs.includes("after"));
      expect(streams?.stdin?.readableEnded).toBe(isEnded);
      client.close();
    }
  });
});
