// SPDX-License-Identifier: Apache-2.0
// A client of the streaming server that speaks WebSocket with Kubernetes' numbered channels.
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { upgrade } from "./spdy-client.ts";

export class WebSocketClient {
  readonly socket: Socket;
  readonly protocol: string;
  readonly closed: Promise<void>;
  /** Code of the server's closing frame. */
  closeCode: number | undefined;
  /** First bytes of the messages in the order in which they came. */
  readonly order: number[] = [];
  readonly pongs: string[] = [];
  /** Pings of the server's. */
  pings = 0;
  readonly #channels = new Map<number, Buffer[]>();
  #pending = Buffer.alloc(0);
  #drained: Promise<void> | undefined;

  private constructor(socket: Socket, head: Buffer, protocol: string) {
    this.socket = socket;
    this.protocol = protocol;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    this.#receive(head);
  }

  /** `netns` as for upgrade(). */
  static async connect(
    url: string,
    netns: string | undefined,
    protocols: string,
  ): Promise<WebSocketClient> {
    const answer = await upgrade(
      url,
      {
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": randomBytes(16).toString("base64"),
        "sec-websocket-protocol": protocols,
      },
      netns,
      "GET",
    );
    if ("status" in answer) {
      throw new Error(`${answer.status} ${answer.text}`);
    }
    const protocol = String(answer.headers["sec-websocket-protocol"]);
    return new WebSocketClient(answer.socket, answer.head, protocol);
  }

  get #isBase64(): boolean {
    return this.protocol.includes("base64");
  }

  /** What has come on a channel; undefined when no message has, not even an empty one. */
  received(channel: number): Buffer | undefined {
    const messages = this.#channels.get(channel);
    return messages === undefined ? undefined : Buffer.concat(messages);
  }

  async send(channel: number, data: Buffer | string): Promise<void> {
    const bytes = Buffer.from(data);
    await this.frame(
      0x82,
      this.#isBase64
        ? Buffer.from(`${channel}${bytes.toString("base64")}`)
        : Buffer.concat([Buffer.of(channel), bytes]),
    );
  }

  /** v5: ends a channel. */
  async end(channel: number): Promise<void> {
    await this.frame(0x82, Buffer.of(255, channel));
  }

  /** A frame with this first byte, masked as a client must. */
  async frame(first: number, data: Buffer): Promise<void> {
    const length =
      data.length < 126
        ? Buffer.of(first, 0x80 | data.length)
        : Buffer.concat([Buffer.of(first, 0x80 | 127), number64(data.length)]);
    const mask = randomBytes(4);
    const masked = Buffer.from(data);
    for (let index = 0; index < masked.length; index += 1) {
      masked[index] = (masked[index] ?? 0) ^ (mask[index & 3] ?? 0);
    }
    if (!this.socket.write(Buffer.concat([length, mask, masked]))) {
      // One for all that wait.
      this.#drained ??= new Promise((resolve) => {
        const go = () => {
          this.#drained = undefined;
          this.socket.off("drain", go).off("close", go);
          resolve();
        };
        this.socket.on("drain", go).on("close", go);
      });
      await this.#drained;
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const short = this.#pending[1] ?? 0;
      const start = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (this.#pending.length < start) {
        return;
      }
      const length =
        short === 127
          ? Number(this.#pending.readBigUInt64BE(2))
          : short === 126
            ? this.#pending.readUInt16BE(2)
            : short;
      if (this.#pending.length < start + length) {
        return;
      }
      this.#message(this.#pending[0] ?? 0, this.#pending.subarray(start, start + length));
      this.#pending = this.#pending.subarray(start + length);
    }
  }

  #message(first: number, data: Buffer): void {
    switch (first) {
      case 0x88:
        this.closeCode = data.readUInt16BE(0);
        return;
      case 0x89:
        this.pings += 1;
        return;
      case 0x8a:
        this.pongs.push(data.toString());
        return;
      case this.#isBase64 ? 0x81 : 0x82: {
        const number = (data[0] ?? 0) - (this.#isBase64 ? 0x30 : 0);
        const bytes = this.#isBase64
          ? Buffer.from(data.toString("latin1", 1), "base64")
          : Buffer.from(data.subarray(1));
        this.order.push(number);
        this.#channels.set(number, [...(this.#channels.get(number) ?? []), bytes]);
        return;
      }
      default:
        throw new Error(`Unexpected frame ${first}`);
    }
  }
}

function number64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
