// SPDX-License-Identifier: Apache-2.0
// Port-forward over SPDY: for each connection the client opens a stream for errors and one for data, with the same request id.
import type { Duplex } from "node:stream";
import type { PortSession, PortStreams } from "../port-streams.ts";
import { READ_AHEAD_BYTES } from "../read-ahead.ts";
import type { Client } from "../server.ts";
import { type SpdyStream, serveSpdy } from "./connection.ts";

type Role = "data" | "error";

interface Pair {
  readonly port: number;
  readonly streams: Partial<Record<Role, Duplex>>;
  readonly timer: NodeJS.Timeout;
}

/** A stream that does not say port and role is reset; the session goes on. */
export function spdyPortStreams(
  client: Client,
  forward: (streams: PortStreams) => Promise<void>,
): PortSession {
  const pairs = new Map<string, Pair>();
  const onStream = (stream: SpdyStream): void => {
    const { headers, body } = stream;
    body.on("error", () => {});
    const port = parsePort(headers.get("port") ?? "");
    const role = parseRole(headers.get("streamtype") ?? "");
    if (port === undefined || role === undefined) {
      body.destroy();
      return;
    }
    const key = headers.get("requestid") ?? oldRequestId(stream.id, role);
    const pair = pairs.get(key) ?? newPair(key, port);
    if (pair.streams[role] !== undefined || pair.port !== port) {
      body.destroy();
      return;
    }
    pair.streams[role] = body;
    // Whoever opens and resets streams for ever leaves nothing here.
    body.once("close", () => forget(key, pair, role));
    const { data, error } = pair.streams;
    if (data !== undefined && error !== undefined) {
      clearTimeout(pair.timer);
      pairs.delete(key);
      error.resume();
      void forward({ port, data, error });
    }
  };
  const forget = (key: string, pair: Pair, role: Role): void => {
    delete pair.streams[role];
    if (Object.keys(pair.streams).length === 0 && pairs.get(key) === pair) {
      clearTimeout(pair.timer);
      pairs.delete(key);
    }
  };
  const newPair = (key: string, port: number): Pair => {
    const timer = setTimeout(giveUp, client.limits.creationMs, key);
    const pair = { port, streams: {}, timer };
    pairs.set(key, pair);
    return pair;
  };
  const giveUp = (key: string): void => {
    const { data, error } = pairs.get(key)?.streams ?? {};
    pairs.delete(key);
    data?.destroy();
    error?.resume();
    error?.end("Cannot forward: the stream for data did not come in time");
  };
  const connection = serveSpdy(client.socket, client.head, {
    limits: client.limits,
    readAheadBytes: READ_AHEAD_BYTES.ports,
    onStream,
  });
  connection.closed.addEventListener("abort", () => {
    for (const { timer } of pairs.values()) {
      clearTimeout(timer);
    }
  });
  return { closed: connection.closed };
}

/** A decimal number from 1 to 65535. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : undefined;
}

function parseRole(text: string): Role | undefined {
  return text === "data" || text === "error" ? text : undefined;
}

/** Clients before Kubernetes 1.2 sent none: there the stream for data comes right after the one for errors. */
function oldRequestId(streamId: number, role: Role): string {
  return `stream ${role === "error" ? streamId : streamId - 2}`;
}
