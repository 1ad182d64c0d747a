// SPDX-License-Identifier: Apache-2.0
// exec and attach over WebSocket: five channels that are there from the beginning.
import type { Duplex } from "node:stream";
import type { CommandStreams, WantedStreams } from "../command-streams.ts";
import type { Protocol } from "../handshake.ts";
import { READ_AHEAD_BYTES } from "../read-ahead.ts";
import type { Client } from "../server.ts";
import { plainText, statusJson } from "../status.ts";
import { serveWebSocket } from "./connection.ts";

const CHANNELS = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

export function webSocketCommandStreams(
  client: Client,
  protocol: Extract<Protocol, { readonly kind: "websocket" }>,
  wanted: WantedStreams,
): CommandStreams {
  const connection = serveWebSocket(client.socket, client.head, protocol, {
    limits: client.limits,
    readAheadBytes: READ_AHEAD_BYTES.command,
    channelCount: Object.keys(CHANNELS).length,
  });
  const open = (isWanted: boolean, name: keyof typeof CHANNELS): Duplex | undefined => {
    const channel = connection.channel(CHANNELS[name]);
    if (isWanted) {
      return channel;
    }
    channel.resume();
    return undefined;
  };
  const stdout = open(wanted.stdout, "stdout");
  const stderr = open(wanted.stderr && !wanted.tty, "stderr");
  const error = connection.channel(CHANNELS.error);
  for (const output of [stdout, stderr, error]) {
    output?.resume();
  }
  // An empty message tells clients that the session is there.
  (stdout ?? stderr ?? error).write(Buffer.alloc(0));
  return {
    stdin: open(wanted.stdin, "stdin"),
    stdout,
    stderr,
    resize: open(wanted.tty, "resize"),
    closed: connection.closed,
    finish: async (outcome) => {
      await Promise.all([stdout, stderr].map(flush));
      const text = protocol.hasStatus ? statusJson(outcome) : plainText(outcome);
      if (text !== "") {
        error.write(text);
      }
      connection.finish();
    },
  };
}

function flush(stream: Duplex | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (stream === undefined || stream.destroyed) {
      resolve();
      return;
    }
    stream.once("close", resolve);
    stream.end(resolve);
  });
}
