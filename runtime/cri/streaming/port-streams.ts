// SPDX-License-Identifier: Apache-2.0
// The streams of a port-forward session, the same over SPDY and WebSocket: two for each connection of the client.
import type { Duplex } from "node:stream";
import type { Client } from "./server.ts";
import { spdyPortStreams } from "./spdy/port-streams.ts";
import { webSocketPortStreams } from "./websocket/port-streams.ts";

/** One connection that the client forwards. */
export interface PortStreams {
  readonly port: number;
  readonly data: Duplex;
  /** Says why it failed; ended without a word when all went well. */
  readonly error: Duplex;
}

export interface PortSession {
  /** Fires when the client is gone. */
  readonly closed: AbortSignal;
}

/** `forward` is called for each connection and is done when it has ended. */
export function openPortStreams(
  client: Client,
  ports: readonly number[],
  forward: (streams: PortStreams) => Promise<void>,
): PortSession {
  return client.protocol.kind === "spdy"
    ? spdyPortStreams(client, forward)
    : webSocketPortStreams(client, client.protocol, ports, forward);
}
