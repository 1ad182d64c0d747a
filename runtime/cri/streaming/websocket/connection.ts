// SPDX-License-Identifier: Apache-2.0
// Numbered channels over a WebSocket, as Kubernetes' protocols of the name channel.k8s.io have them: the first byte of a message
// (a digit with base64) is the channel's number, the rest is data.
import { Duplex } from "node:stream";
import type { Protocol } from "../handshake.ts";
import { Incoming, ReadAhead } from "../read-ahead.ts";
import { Wire, type WireLimits } from "../wire.ts";
import {
  CLOSE_NORMAL,
  CLOSE_PROTOCOL_ERROR,
  closeFrame,
  type Message,
  MessageParser,
  messageHeader,
  pingFrame,
  pongFrame,
  WebSocketError,
} from "./frames.ts";

export interface WebSocketOptions {
  readonly limits: WireLimits;
  /** What may wait to be read, of all channels together; then the connection is read no further. */
  readonly readAheadBytes: number;
  /** How many there are; messages for others are passed over. */
  readonly channelCount: number;
}

export interface WebSocketConnection {
  readonly closed: AbortSignal;
  /** By number. Ending one tells the client nothing: these protocols have no word for it. */
  channel(number: number): Duplex;
  finish(): void;
}

const MAX_DATA_BYTES = 64 * 1024;
/** v5: closes the channel whose number follows. */
const CLOSE_CHANNEL = 255;
const DIGIT_ZERO = 0x30;

export function serveWebSocket(
  socket: Duplex,
  head: Buffer,
  protocol: Extract<Protocol, { readonly kind: "websocket" }>,
  options: WebSocketOptions,
): WebSocketConnection {
  const parser = new MessageParser();
  const wire = new Wire(socket, head, {
    ...options.limits,
    probe: pingFrame,
    onData: (chunk) => {
      try {
        parser.push(chunk).forEach(handle);
      } catch (error) {
        const code = error instanceof WebSocketError ? error.closeCode : CLOSE_PROTOCOL_ERROR;
        wire.finish(closeFrame(code));
        closeAll();
      }
    },
  });
  const ahead = new ReadAhead(wire, options.readAheadBytes);
  const channels = Array.from({ length: options.channelCount }, (_, number) => {
    const incoming = new Incoming(ahead);
    return { incoming, duplex: channel(number, incoming) };
  });
  wire.closed.addEventListener("abort", closeAll);

  function handle(message: Message): void {
    switch (message.kind) {
      case "data":
        receive(message.data);
        return;
      case "ping":
        wire.reply(pongFrame(message.data));
        return;
      case "close":
        wire.finish(closeFrame(CLOSE_NORMAL));
        closeAll();
        return;
      case "pong":
    }
  }

  function receive(message: Buffer): void {
    wire.touch();
    const [first = 0] = message;
    if (protocol.closesChannels && first === CLOSE_CHANNEL && message.length === 2) {
      channels[message[1] ?? 0]?.incoming.end();
      return;
    }
    const isBinary = protocol.encoding === "binary";
    const number = isBinary ? first : first - DIGIT_ZERO;
    const target = channels[number];
    if (target === undefined || target.duplex.destroyed || target.incoming.isEnded) {
      return;
    }
    const data = isBinary
      ? message.subarray(1)
      : Buffer.from(message.toString("latin1", 1), "base64");
    if (data.length > 0) {
      target.incoming.put(data);
    }
  }

  function channel(number: number, incoming: Incoming): Duplex {
    const duplex = new Duplex({
      allowHalfOpen: true,
      decodeStrings: true,
      read: () => incoming.read(duplex),
      write: (chunk: Buffer, _encoding, done) => {
        let offset = 0;
        do {
          const part = chunk.subarray(offset, offset + MAX_DATA_BYTES);
          offset += MAX_DATA_BYTES;
          wire.write(frame(number, part), offset >= chunk.length ? done : () => {});
        } while (offset < chunk.length);
      },
      destroy: (_error, done) => {
        incoming.drop();
        done(null);
      },
    });
    duplex.on("error", () => {});
    return duplex;
  }

  function frame(number: number, data: Buffer): readonly Buffer[] {
    if (protocol.encoding === "binary") {
      return [messageHeader("binary", data.length + 1), Buffer.of(number), data];
    }
    const text = Buffer.from(`${number}${data.toString("base64")}`);
    return [messageHeader("base64", text.length), text];
  }

  function closeAll(): void {
    for (const { duplex } of channels) {
      duplex.destroy();
    }
  }

  return {
    closed: wire.closed,
    channel: (number) => {
      const found = channels[number]?.duplex;
      if (found === undefined) {
        throw new RangeError(`There is no channel ${number}`);
      }
      return found;
    },
    finish: () => wire.finish(closeFrame(CLOSE_NORMAL)),
  };
}
