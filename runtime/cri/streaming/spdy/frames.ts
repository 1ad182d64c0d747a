// SPDX-License-Identifier: Apache-2.0
// The frames of SPDY/3.1 (draft, section 2): bytes to frames and back, without any input or output. Flow control is left out:
// the peers here (moby/spdystream in the kubelet, kubectl and crictl) neither send WINDOW_UPDATE nor heed it.

/** A breach of the protocol: the connection cannot go on. */
export class ProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ProtocolError";
  }
}

export type Frame = HeadersFrame | PlainFrame;

export interface HeadersFrame {
  readonly kind: "syn-stream" | "syn-reply" | "headers";
  readonly streamId: number;
  readonly headerBlock: Buffer;
  readonly isLast: boolean;
}

export type PlainFrame =
  /** A data frame comes in as many of these as it arrives in pieces; only the last may say `isLast`. */
  | {
      readonly kind: "data";
      readonly streamId: number;
      readonly data: Buffer;
      readonly isLast: boolean;
    }
  | { readonly kind: "rst-stream"; readonly streamId: number; readonly status: number }
  | { readonly kind: "ping"; readonly id: number }
  | { readonly kind: "goaway"; readonly lastStreamId: number; readonly status: number };

/** Status codes of RST_STREAM. */
export const RST = { PROTOCOL_ERROR: 1, REFUSED_STREAM: 3, CANCEL: 5 } as const;
/** Status codes of GOAWAY. */
export const GOAWAY = { OK: 0, PROTOCOL_ERROR: 1 } as const;

/** Longest payload of a frame. */
export const MAX_FRAME_BYTES = 0xffffff;

const VERSION = 3;
const CONTROL = 0x80000000;
const TYPES = {
  "syn-stream": 1,
  "syn-reply": 2,
  "rst-stream": 3,
  ping: 6,
  goaway: 7,
  headers: 8,
} as const;
const FLAG_FIN = 1;
const HEADER_BYTES = 8;
/** Headers of ours have some hundred bytes; a frame that wants more is an attack or a misunderstanding. */
const MAX_CONTROL_BYTES = 65536;

export class FrameParser {
  #pending: Buffer = Buffer.alloc(0);
  /** The data frame whose payload is still coming. */
  #data: { readonly streamId: number; readonly isFin: boolean; left: number } | undefined;

  /** The frames that are complete with these bytes. Throws ProtocolError; the parser is of no use then. */
  push(chunk: Buffer): Frame[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const frame = this.#data === undefined ? this.#takeFrame() : this.#takeData(this.#data);
      if (frame === undefined) {
        return frames;
      }
      if (frame !== "skipped") {
        frames.push(frame);
      }
    }
  }

  #takeFrame(): Frame | "skipped" | undefined {
    if (this.#pending.length < HEADER_BYTES) {
      return undefined;
    }
    const word = this.#pending.readUInt32BE(0);
    const flags = this.#pending[4] ?? 0;
    const length = this.#pending.readUIntBE(5, 3);
    if (word < CONTROL) {
      this.#take(HEADER_BYTES);
      this.#data = { streamId: word, isFin: (flags & FLAG_FIN) !== 0, left: length };
      return length === 0 ? this.#takeData(this.#data) : "skipped";
    }
    if ((word >>> 16) - (CONTROL >>> 16) !== VERSION) {
      throw new ProtocolError(`Frame has version ${(word >>> 16) & 0x7fff}, expected ${VERSION}`);
    }
    if (length > MAX_CONTROL_BYTES) {
      throw new ProtocolError(`Control frame has ${length} bytes, at most ${MAX_CONTROL_BYTES}`);
    }
    if (this.#pending.length < HEADER_BYTES + length) {
      return undefined;
    }
    this.#take(HEADER_BYTES);
    return parseControl(word & 0xffff, flags, this.#take(length)) ?? "skipped";
  }

  #takeData(frame: {
    readonly streamId: number;
    readonly isFin: boolean;
    left: number;
  }): Frame | undefined {
    if (this.#pending.length === 0 && frame.left > 0) {
      return undefined;
    }
    const data = this.#take(Math.min(frame.left, this.#pending.length));
    frame.left -= data.length;
    if (frame.left === 0) {
      this.#data = undefined;
    }
    const isLast = frame.isFin && frame.left === 0;
    return { kind: "data", streamId: frame.streamId, data, isLast };
  }

  #take(length: number): Buffer {
    const taken = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return taken;
  }
}

/** undefined for the types that say nothing to us: SETTINGS, WINDOW_UPDATE and what may come. */
function parseControl(type: number, flags: number, body: Buffer): Frame | undefined {
  const isLast = (flags & FLAG_FIN) !== 0;
  switch (type) {
    case TYPES["syn-stream"]:
      need(body, 10, "SYN_STREAM");
      return {
        kind: "syn-stream",
        streamId: streamIdAt(body, 0),
        headerBlock: body.subarray(10),
        isLast,
      };
    case TYPES["syn-reply"]:
      need(body, 4, "SYN_REPLY");
      return {
        kind: "syn-reply",
        streamId: streamIdAt(body, 0),
        headerBlock: body.subarray(4),
        isLast,
      };
    case TYPES.headers:
      need(body, 4, "HEADERS");
      return {
        kind: "headers",
        streamId: streamIdAt(body, 0),
        headerBlock: body.subarray(4),
        isLast,
      };
    case TYPES["rst-stream"]:
      need(body, 8, "RST_STREAM");
      return { kind: "rst-stream", streamId: streamIdAt(body, 0), status: body.readUInt32BE(4) };
    case TYPES.ping:
      need(body, 4, "PING");
      return { kind: "ping", id: body.readUInt32BE(0) };
    case TYPES.goaway:
      need(body, 8, "GOAWAY");
      return { kind: "goaway", lastStreamId: streamIdAt(body, 0), status: body.readUInt32BE(4) };
    default:
      return undefined;
  }
}

function need(body: Buffer, bytes: number, name: string): void {
  if (body.length < bytes) {
    throw new ProtocolError(`${name} has ${body.length} bytes, expected at least ${bytes}`);
  }
}

function streamIdAt(body: Buffer, offset: number): number {
  return body.readUInt32BE(offset) & 0x7fffffff;
}

/** What goes before the payload of a data frame. */
export function dataFrameHeader(streamId: number, length: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(streamId, 0);
  header.writeUInt32BE(length, 4);
  header[4] = isLast ? FLAG_FIN : 0;
  return header;
}

export function synStreamFrame(streamId: number, headerBlock: Buffer, isLast: boolean): Buffer {
  return control("syn-stream", isLast ? FLAG_FIN : 0, [
    words(streamId, 0),
    Buffer.alloc(2),
    headerBlock,
  ]);
}

export function synReplyFrame(streamId: number, headerBlock: Buffer): Buffer {
  return control("syn-reply", 0, [words(streamId), headerBlock]);
}

export function rstStreamFrame(streamId: number, status: number): Buffer {
  return control("rst-stream", 0, [words(streamId, status)]);
}

export function pingFrame(id: number): Buffer {
  return control("ping", 0, [words(id)]);
}

export function goawayFrame(lastStreamId: number, status: number): Buffer {
  return control("goaway", 0, [words(lastStreamId, status)]);
}

function control(type: keyof typeof TYPES, flags: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const header = words(CONTROL + VERSION * 0x10000 + TYPES[type], body.length);
  header[4] = flags;
  return Buffer.concat([header, body]);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4);
  });
  return bytes;
}
