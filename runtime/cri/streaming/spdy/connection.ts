// SPDX-License-Identifier: Apache-2.0
// The server's side of a SPDY/3.1 connection: streams that the client opens, as Node streams.
//
// The protocol's flow control is not spoken by its peers (see frames.ts): how streams are held back is told in read-ahead.ts.
import { Duplex } from "node:stream";
import { Incoming, ReadAhead } from "../read-ahead.ts";
import { Wire, type WireLimits } from "../wire.ts";
import {
  dataFrameHeader,
  type Frame,
  FrameParser,
  GOAWAY,
  goawayFrame,
  MAX_FRAME_BYTES,
  type PlainFrame,
  pingFrame,
  RST,
  rstStreamFrame,
  synReplyFrame,
} from "./frames.ts";
import {
  formatHeaderBlock,
  HeaderInflater,
  HeaderPacker,
  type Headers,
  parseHeaderBlock,
} from "./headers.ts";

/** A stream that the client opened: both directions end separately. */
export interface SpdyStream {
  readonly id: number;
  readonly headers: Headers;
  /** Destroying it before both directions have ended resets the stream. */
  readonly body: Duplex;
}

export interface SpdyConnection {
  readonly closed: AbortSignal;
  /** Ends the connection once everything that was written is sent. */
  finish(): void;
}

export interface SpdyOptions {
  readonly limits: WireLimits;
  /** What may wait to be read, of all streams together; then the connection is read no further. */
  readonly readAheadBytes: number;
  onStream(stream: SpdyStream): void;
}

/** Open at a time; a port-forward has two for each of its connections. */
const MAX_STREAMS = 2000;

interface Peer {
  readonly stream: SpdyStream;
  readonly incoming: Incoming;
}

export function serveSpdy(socket: Duplex, head: Buffer, options: SpdyOptions): SpdyConnection {
  const parser = new FrameParser();
  const inflater = new HeaderInflater();
  const packer = new HeaderPacker();
  const streams = new Map<number, Peer>();
  let lastStreamId = 0;
  let isLeaving = false;
  let pingId = 0;

  const wire = new Wire(socket, head, {
    ...options.limits,
    probe: () => {
      // Even numbers are the server's.
      pingId = (pingId + 2) % 0x1_0000_0000;
      return pingFrame(pingId);
    },
    onData: (chunk) => {
      try {
        parser.push(chunk).forEach(handle);
      } catch {
        giveUp();
      }
    },
  });
  const ahead = new ReadAhead(wire, options.readAheadBytes);
  wire.closed.addEventListener("abort", () => {
    for (const { stream } of streams.values()) {
      stream.body.destroy();
    }
  });

  function handle(frame: Frame): void {
    if (!("headerBlock" in frame)) {
      handlePlain(frame);
      return;
    }
    // Every block is part of the one zlib stream, whether its frame is of use or not.
    const block = inflater.unpack(frame.headerBlock);
    if (frame.kind === "syn-stream") {
      open(frame.streamId, parseHeaderBlock(block), frame.isLast);
    }
  }

  function handlePlain(frame: PlainFrame): void {
    switch (frame.kind) {
      case "data":
        receive(frame.streamId, frame.data, frame.isLast);
        return;
      case "ping":
        // Even numbers answer ours.
        if (frame.id % 2 === 1) {
          wire.reply(pingFrame(frame.id));
        }
        return;
      case "rst-stream": {
        const peer = streams.get(frame.streamId);
        streams.delete(frame.streamId);
        peer?.stream.body.destroy();
        return;
      }
      case "goaway":
        isLeaving = true;
        leaveWhenEmpty();
    }
  }

  function open(id: number, headers: Headers, isEnded: boolean): void {
    if (id % 2 === 0 || id <= lastStreamId) {
      throw new Error(`Stream ${id} after ${lastStreamId}`);
    }
    lastStreamId = id;
    wire.touch();
    if (isLeaving || streams.size >= MAX_STREAMS) {
      wire.reply(rstStreamFrame(id, RST.REFUSED_STREAM));
      return;
    }
    const incoming = new Incoming(ahead);
    const stream = { id, headers, body: body(id, incoming) };
    streams.set(id, { stream, incoming });
    wire.reply(synReplyFrame(id, packer.pack(formatHeaderBlock({}))));
    if (isEnded) {
      incoming.end();
    }
    options.onStream(stream);
  }

  function receive(id: number, data: Buffer, isLast: boolean): void {
    wire.touch();
    const incoming = streams.get(id)?.incoming;
    if (incoming === undefined || incoming.isEnded) {
      return; // reset by us while the client was sending
    }
    if (data.length > 0) {
      incoming.put(data);
    }
    if (isLast) {
      incoming.end();
    }
  }

  function body(id: number, incoming: Incoming): Duplex {
    let isEndedByUs = false;
    const duplex = new Duplex({
      allowHalfOpen: true,
      read: () => incoming.read(duplex),
      write: (chunk: Buffer, _encoding, done) => {
        for (let offset = 0; offset < chunk.length; offset += MAX_FRAME_BYTES) {
          const part = chunk.subarray(offset, offset + MAX_FRAME_BYTES);
          const isLastPart = offset + MAX_FRAME_BYTES >= chunk.length;
          wire.write([dataFrameHeader(id, part.length, false), part], isLastPart ? done : () => {});
        }
        if (chunk.length === 0) {
          done();
        }
      },
      final: (done) => {
        isEndedByUs = true;
        wire.write([dataFrameHeader(id, 0, true)], done);
      },
      destroy: (_error, done) => {
        const peer = streams.get(id);
        streams.delete(id);
        incoming.drop();
        if (peer !== undefined && !(isEndedByUs && incoming.isEnded) && !wire.closed.aborted) {
          wire.reply(rstStreamFrame(id, RST.CANCEL));
        }
        leaveWhenEmpty();
        done(null);
      },
    });
    return duplex;
  }

  function leaveWhenEmpty(): void {
    if (isLeaving && streams.size === 0) {
      wire.finish();
    }
  }

  function giveUp(): void {
    wire.finish(goawayFrame(lastStreamId, GOAWAY.PROTOCOL_ERROR));
    for (const { stream } of streams.values()) {
      stream.body.destroy();
    }
  }

  return { closed: wire.closed, finish: () => wire.finish() };
}
