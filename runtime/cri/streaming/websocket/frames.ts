// SPDX-License-Identifier: Apache-2.0
// Frames of WebSocket (RFC 6455, section 5), the server's side: bytes to messages and back, without any input or output.

export type Message =
  | { readonly kind: "data"; readonly data: Buffer }
  | { readonly kind: "ping"; readonly data: Buffer }
  | { readonly kind: "pong" }
  | { readonly kind: "close" };

/** A breach of the protocol, with the code for the closing frame (RFC 6455, 7.4.1). */
export class WebSocketError extends Error {
  readonly closeCode: number;

  constructor(closeCode: number, message: string) {
    super(message);
    this.name = "WebSocketError";
    this.closeCode = closeCode;
  }
}

export const CLOSE_NORMAL = 1000;
export const CLOSE_PROTOCOL_ERROR = 1002;
export const CLOSE_TOO_BIG = 1009;

const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const FIN = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
/** Clients of Kubernetes send some ten kB at a time. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const MAX_CONTROL_BYTES = 125;
/** The largest message in frames of a kilobyte. */
const MAX_FRAMES = 4096;
/** Frames with nothing in them, before the last: nobody needs one, and they cost as much as others. */
const MAX_EMPTY_FRAMES = 8;

interface Unfinished {
  readonly parts: Buffer[];
  sizeBytes: number;
  emptyFrames: number;
}

export class MessageParser {
  #pending: Buffer[] = [];
  #size = 0;
  /** What has come of a message that is not complete. */
  #unfinished: Unfinished | undefined;

  /** The messages that are complete with these bytes, which become theirs. Throws WebSocketError; the parser is of no use then. */
  push(chunk: Buffer): Message[] {
    this.#pending.push(chunk);
    this.#size += chunk.length;
    const messages: Message[] = [];
    for (let frame = this.#takeFrame(); frame !== undefined; frame = this.#takeFrame()) {
      const message = this.#assemble(frame.opcode, frame.isLast, frame.data);
      if (message !== undefined) {
        messages.push(message);
      }
    }
    return messages;
  }

  #takeFrame():
    | { readonly opcode: number; readonly isLast: boolean; readonly data: Buffer }
    | undefined {
    const start = this.#peek(14);
    if (start.length < 2) {
      return undefined;
    }
    const [first = 0, second = 0] = start;
    if ((first & RESERVED) !== 0 || (second & MASKED) === 0) {
      throw new WebSocketError(CLOSE_PROTOCOL_ERROR, "Frame is not masked or has reserved bits");
    }
    const short = second & 0x7f;
    const headerBytes = 2 + (short === 127 ? 8 : short === 126 ? 2 : 0) + 4;
    if (start.length < headerBytes) {
      return undefined;
    }
    const length =
      short === 127
        ? Number(start.readBigUInt64BE(2))
        : short === 126
          ? start.readUInt16BE(2)
          : short;
    if (length > MAX_MESSAGE_BYTES) {
      throw new WebSocketError(CLOSE_TOO_BIG, `Frame has ${length} bytes`);
    }
    if (this.#size < headerBytes + length) {
      return undefined;
    }
    const all = this.#peek(headerBytes + length);
    const rest = this.#pending[0]?.subarray(headerBytes + length) ?? Buffer.alloc(0);
    this.#pending =
      rest.length === 0 ? [...this.#pending.slice(1)] : [rest, ...this.#pending.slice(1)];
    this.#size -= headerBytes + length;
    const data = unmask(
      all.subarray(headerBytes, headerBytes + length),
      all.subarray(headerBytes - 4, headerBytes),
    );
    return { opcode: first & 0x0f, isLast: (first & FIN) !== 0, data };
  }

  /** At least so many bytes in one piece, or all there are. */
  #peek(bytes: number): Buffer {
    const [first = Buffer.alloc(0)] = this.#pending;
    if (first.length >= bytes || this.#pending.length <= 1) {
      return first;
    }
    const joined = Buffer.concat(this.#pending);
    this.#pending = [joined];
    return joined;
  }

  #assemble(opcode: number, isLast: boolean, data: Buffer): Message | undefined {
    if (opcode >= OPCODES.close) {
      if (!isLast || data.length > MAX_CONTROL_BYTES) {
        throw new WebSocketError(CLOSE_PROTOCOL_ERROR, "Control frame is too long or in pieces");
      }
      return controlMessage(opcode, data);
    }
    const isBeginning = opcode === OPCODES.text || opcode === OPCODES.binary;
    if (isBeginning !== (this.#unfinished === undefined) || opcode > OPCODES.binary) {
      throw new WebSocketError(CLOSE_PROTOCOL_ERROR, `Frame with opcode ${opcode} is out of order`);
    }
    if (this.#unfinished === undefined && isLast) {
      return { kind: "data", data };
    }
    this.#unfinished ??= { parts: [], sizeBytes: 0, emptyFrames: 0 };
    const { parts } = this.#unfinished;
    add(this.#unfinished, data, isLast);
    if (!isLast) {
      return undefined;
    }
    this.#unfinished = undefined;
    return { kind: "data", data: Buffer.concat(parts) };
  }
}

/** A client's frames, however many and small, cost no more than a few times what is in them. */
function add(message: Unfinished, data: Buffer, isLast: boolean): void {
  message.sizeBytes += data.length;
  message.emptyFrames += data.length === 0 && !isLast ? 1 : 0;
  if (
    message.sizeBytes > MAX_MESSAGE_BYTES ||
    message.parts.length >= MAX_FRAMES ||
    message.emptyFrames > MAX_EMPTY_FRAMES
  ) {
    throw new WebSocketError(CLOSE_TOO_BIG, "Message is too big");
  }
  // A view of a few bytes would keep all that was read with it.
  message.parts.push(data.length * 2 < data.buffer.byteLength ? Buffer.from(data) : data);
}

function controlMessage(opcode: number, data: Buffer): Message {
  switch (opcode) {
    case OPCODES.close:
      return { kind: "close" };
    case OPCODES.ping:
      return { kind: "ping", data };
    case OPCODES.pong:
      return { kind: "pong" };
    default:
      throw new WebSocketError(CLOSE_PROTOCOL_ERROR, `Opcode ${opcode} is unknown`);
  }
}

/** In place: copies of large messages would fill the memory faster than it is collected. */
function unmask(data: Buffer, mask: Buffer): Buffer {
  const [a = 0, b = 0, c = 0, d = 0] = mask;
  const keys = [a, b, c, d];
  for (let index = 0; index < data.length; index += 1) {
    data[index] = (data[index] ?? 0) ^ (keys[index & 3] ?? 0);
  }
  return data;
}

/** What goes before the payload of a whole message. */
export function messageHeader(encoding: "binary" | "base64", length: number): Buffer {
  return header(encoding === "binary" ? OPCODES.binary : OPCODES.text, length);
}

export function pongFrame(data: Buffer): Buffer {
  return Buffer.concat([header(OPCODES.pong, data.length), data]);
}

export function pingFrame(): Buffer {
  return header(OPCODES.ping, 0);
}

export function closeFrame(code: number): Buffer {
  const data = Buffer.alloc(2);
  data.writeUInt16BE(code);
  return Buffer.concat([header(OPCODES.close, 2), data]);
}

function header(opcode: number, length: number): Buffer {
  if (length < 126) {
    return Buffer.of(FIN | opcode, length);
  }
  if (length <= 0xffff) {
    const bytes = Buffer.of(FIN | opcode, 126, 0, 0);
    bytes.writeUInt16BE(length, 2);
    return bytes;
  }
  const bytes = Buffer.alloc(10);
  bytes.set([FIN | opcode, 127]);
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}
