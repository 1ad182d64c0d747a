// SPDX-License-Identifier: Apache-2.0
// Port-forward over WebSocket: two channels for each port of the request, and one connection on each. These protocols have no
// word for the end of one direction: when the pod ends its side, the client learns it by the end of the session.

import type { Protocol } from "../handshake.ts";
import type { PortSession, PortStreams } from "../port-streams.ts";
import { READ_AHEAD_BYTES } from "../read-ahead.ts";
import type { Client } from "../server.ts";
import { serveWebSocket } from "./connection.ts";

export function webSocketPortStreams(
  client: Client,
  protocol: Extract<Protocol, { readonly kind: "websocket" }>,
  ports: readonly number[],
  forward: (streams: PortStreams) => Promise<void>,
): PortSession {
  const connection = serveWebSocket(client.socket, client.head, protocol, {
    limits: client.limits,
    readAheadBytes: READ_AHEAD_BYTES.ports,
    channelCount: ports.length * 2,
  });
  const forwarded = ports.map(async (port, index) => {
    const data = connection.channel(index * 2);
    const error = connection.channel(index * 2 + 1);
    error.resume();
    // Tells the client which port the channels are for.
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    data.write(number);
    error.write(number);
    await forward({ port, data, error });
  });
  void Promise.all(forwarded).finally(() => connection.finish());
  return { closed: connection.closed };
}
