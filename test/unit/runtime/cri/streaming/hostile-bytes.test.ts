// SPDX-License-Identifier: Apache-2.0
// A client with a token may send anything: its own connection ends, the server and its other sessions go on.
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { silentLog } from "../../../../../runtime/cri/log.ts";
import { openCommandStreams } from "../../../../../runtime/cri/streaming/command-streams.ts";
import { openPortStreams } from "../../../../../runtime/cri/streaming/port-streams.ts";
import {
  DEFAULT_LIMITS,
  type Session,
  StreamingServer,
} from "../../../../../runtime/cri/streaming/server.ts";
import { SUCCESS } from "../../../../../runtime/cri/streaming/status.ts";
import { linuxClock } from "../../../../../runtime/system/clock.ts";
import { SpdyClient } from "../../../../helpers/spdy-client.ts";
import { WebSocketClient } from "../../../../helpers/websocket-client.ts";

let server: StreamingServer;
let failures: unknown[];
beforeEach(async () => {
  failures = [];
  const log = { ...silentLog, warn: (message: string) => failures.push(message) };
  const limits = { ...DEFAULT_LIMITS, creationMs: 200 };
  server = new StreamingServer({ clock: linuxClock, log, limits });
  await server.listen();
});
afterEach(() => server.close());

/** As exec has it: what comes is thrown away, then all is well. */
const command: Session = async (client) => {
  const wanted = { stdin: true, stdout: true, stderr: false, tty: false };
  const streams = await openCommandStreams(client, wanted);
  streams?.stdin?.resume();
  await streams?.finish(SUCCESS);
};
const ports: Session = async (client) => {
  openPortStreams(client, [80], async ({ data, error }) => {
    data.pipe(data);
    error.end();
  });
};

/** Beginnings of real frames, so that more than the first bytes is read. */
const SPDY_HEADS = [
  "80030001", // SYN_STREAM
  "80030003", // RST_STREAM
  "80030006", // PING
  "80030007", // GOAWAY
  "80030008", // HEADERS
  "00000001", // data of stream 1
];
const hex = (text: string) => Buffer.from(text, "hex");
const frame = fc
  .tuple(fc.constantFrom(...SPDY_HEADS), fc.nat(255), fc.uint8Array({ maxLength: 60 }))
  .map(([head, flags, body]) =>
    Buffer.concat([hex(head), Buffer.of(flags, 0, 0, body.length), body]),
  );
const webSocketFrame = fc
  .tuple(fc.nat(255), fc.uint8Array({ maxLength: 100 }))
  .map(([first, body]) => Buffer.concat([Buffer.of(first, 0x80 | body.length, 0, 0, 0, 0), body]));
const noise = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes));

/** Headers are unpacked behind the scenes: the client stays until that is done. */
async function sendAndLeave(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  socket.write(Buffer.concat([...pieces, Buffer.of(0)]));
  await new Promise((resolve) => setTimeout(resolve, 5));
  socket.end();
}

async function stillServes(): Promise<void> {
  const client = await SpdyClient.connect(server.offer("exec", command));
  const error = await client.open({ streamtype: "error" });
  await client.open({ streamtype: "stdin" }, true);
  await client.open({ streamtype: "stdout" });
  expect(String(await error.ended)).toContain("Success");
  client.close();
}

describe("bytes that are no protocol of ours", () => {
  it.each([
    ["exec", command],
    ["portforward", ports],
  ] as const)("over SPDY end their own %s at most", async (purpose, session) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(frame, noise), { maxLength: 20 }), async (pieces) => {
        const protocol = purpose === "exec" ? "v4.channel.k8s.io" : "portforward.k8s.io";
        const client = await SpdyClient.connect(server.offer(purpose, session), undefined, [
          protocol,
        ]);
        await sendAndLeave(client.socket, pieces);
        await client.closed;
      }),
      { numRuns: 60 },
    );
    await stillServes();
    expect(failures).toEqual([]);
  });

  it.each([
    ["exec", command],
    ["portforward", ports],
  ] as const)("over WebSocket end their own %s at most", async (purpose, session) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(webSocketFrame, noise), { maxLength: 20 }),
        async (pieces) => {
          const url = server.offer(purpose, session);
          const client = await WebSocketClient.connect(url, undefined, "v4.channel.k8s.io");
          await sendAndLeave(client.socket, pieces);
          await client.closed;
        },
      ),
      { numRuns: 60 },
    );
    await stillServes();
    expect(failures).toEqual([]);
  });
});
