// SPDX-License-Identifier: Apache-2.0
// A client of the streaming server that speaks SPDY/3.1 as kubectl's library does: headers really compressed, no flow control.
import { request } from "node:http";
import { createConnection, type Socket } from "node:net";
import { createDeflate, constants as zlib } from "node:zlib";
import { SPDY_DICTIONARY } from "../../runtime/cri/streaming/spdy/dictionary.ts";
import {
  dataFrameHeader,
  type Frame,
  FrameParser,
  pingFrame,
  rstStreamFrame,
  synStreamFrame,
} from "../../runtime/cri/streaming/spdy/frames.ts";
import { formatHeaderBlock } from "../../runtime/cri/streaming/spdy/headers.ts";
import { connectInNamespace } from "../../runtime/net/socket-in-namespace.ts";
import { linuxSystem } from "../../runtime/system/linux.ts";

const system = linuxSystem();

/** The answer of a server that does not upgrade. */
export interface Refusal {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

export interface Upgraded {
  readonly socket: Socket;
  readonly head: Buffer;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/**
 * Asks for an upgrade; answers the socket, or what the server said instead. `netns`: the namespace in whose loopback the
 * server listens, when it is not ours.
 */
export async function upgrade(
  url: string,
  headers: Readonly<Record<string, string>>,
  netns?: string,
  method = "POST",
): Promise<Upgraded | Refusal> {
  const { hostname, port, pathname } = new URL(url);
  if (hostname !== "127.0.0.1") {
    throw new Error(`Not on the loopback: ${url}`);
  }
  const connection =
    netns === undefined
      ? createConnection(Number(port), hostname)
      : await connectInNamespace(system, netns, { family: 4, port: Number(port) });
  return await new Promise((resolve, reject) => {
    const sent = request({
      createConnection: () => connection,
      path: pathname,
      method,
      headers: { host: `127.0.0.1:${port}`, connection: "Upgrade", ...headers },
    });
    sent.on("upgrade", (response, socket, head) =>
      resolve({ socket: socket as Socket, head, headers: response.headers }),
    );
    sent.on("response", (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}

export interface ClientStream {
  readonly id: number;
  /** Bytes that have come so far. */
  received(): Buffer;
  /** All of them, once the server has ended the stream. Rejects when it is reset or the connection ends before. */
  readonly ended: Promise<Buffer>;
  send(data: Buffer | string): Promise<void>;
  end(): Promise<void>;
  reset(): void;
}

export class SpdyClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  readonly protocol: string;
  readonly frames: Frame[] = [];
  readonly #deflate = createDeflate({ dictionary: SPDY_DICTIONARY });
  readonly #streams = new Map<
    number,
    { chunks: Buffer[]; resolve: (data: Buffer) => void; reject: (error: Error) => void }
  >();
  #nextId = 1;
  #opening: Promise<void> = Promise.resolve();
  /** Resolves when the socket takes more; one for all that wait. */
  #drained: Promise<void> | undefined;

  private constructor(socket: Socket, head: Buffer, protocol: string) {
    this.socket = socket;
    this.protocol = protocol;
    const parser = new FrameParser();
    const onData = (chunk: Buffer) => {
      for (const frame of parser.push(chunk)) {
        this.#handle(frame);
      }
    };
    socket.on("data", onData);
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        for (const { reject } of this.#streams.values()) {
          reject(new Error("The connection was closed"));
        }
        resolve();
      });
    });
    if (head.length > 0) {
      onData(head);
    }
  }

  static async connect(
    url: string,
    netns?: string,
    protocols: readonly string[] = ["v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io"],
  ): Promise<SpdyClient> {
    const answer = await upgrade(
      url,
      { upgrade: "SPDY/3.1", "x-stream-protocol-version": protocols.join(", ") },
      netns,
    );
    if ("status" in answer) {
      throw new Error(`${answer.status} ${answer.text}`);
    }
    const protocol = String(answer.headers["x-stream-protocol-version"]);
    return new SpdyClient(answer.socket, answer.head, protocol);
  }

  async open(headers: Readonly<Record<string, string>>, isEnded = false): Promise<ClientStream> {
    const id = this.#nextId;
    this.#nextId += 2;
    const ended = new Promise<Buffer>((resolve, reject) => {
      this.#streams.set(id, { chunks: [], resolve, reject });
    });
    ended.catch(() => {});
    const entry = this.#streams.get(id);
    // One after the other: the blocks of a connection are one stream to the packer.
    this.#opening = this.#opening.then(async () => {
      const block = await this.#pack(formatHeaderBlock(headers));
      this.socket.write(synStreamFrame(id, block, isEnded));
    });
    await this.#opening;
    return {
      id,
      ended,
      received: () => Buffer.concat(entry?.chunks ?? []),
      send: (data) => this.#write(id, Buffer.from(data), false),
      end: () => this.#write(id, Buffer.alloc(0), true),
      reset: () => {
        this.socket.write(rstStreamFrame(id, 5));
      },
    };
  }

  ping(id: number): void {
    this.socket.write(pingFrame(id));
  }

  close(): void {
    this.socket.destroy();
  }

  #handle(frame: Frame): void {
    if (frame.kind !== "data") {
      this.frames.push(frame);
    }
    const stream = "streamId" in frame ? this.#streams.get(frame.streamId) : undefined;
    if (stream === undefined) {
      return;
    }
    if (frame.kind === "data") {
      stream.chunks.push(frame.data);
      if (frame.isLast) {
        stream.resolve(Buffer.concat(stream.chunks));
      }
    } else if (frame.kind === "rst-stream") {
      stream.reject(new Error(`The stream was reset with ${frame.status}`));
    }
  }

  #pack(block: Buffer): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const add = (chunk: Buffer) => chunks.push(chunk);
    this.#deflate.on("data", add);
    this.#deflate.write(block);
    return new Promise((resolve) => {
      this.#deflate.flush(zlib.Z_SYNC_FLUSH, () =>
        setImmediate(() => {
          this.#deflate.off("data", add);
          resolve(Buffer.concat(chunks));
        }),
      );
    });
  }

  #write(id: number, data: Buffer, isLast: boolean): Promise<void> {
    const hasRoom = this.socket.write(
      Buffer.concat([dataFrameHeader(id, data.length, isLast), data]),
    );
    if (hasRoom) {
      return Promise.resolve();
    }
    this.#drained ??= new Promise((resolve) => {
      const go = () => {
        this.#drained = undefined;
        this.socket.off("drain", go).off("close", go);
        resolve();
      };
      this.socket.on("drain", go).on("close", go);
    });
    return this.#drained;
  }
}

export type StreamRole = "stdin" | "stdout" | "stderr" | "resize";

/** A session of Exec or Attach: its error stream, and one for each role. */
export type SpdySession = { readonly client: SpdyClient } & Readonly<
  Record<StreamRole | "error", ClientStream>
>;

/** Connects and opens the streams; those that were not asked for are missing in what is answered. */
export async function openSession(
  url: string,
  netns: string,
  roles: readonly StreamRole[],
): Promise<SpdySession> {
  const client = await SpdyClient.connect(url, netns);
  const streams: Partial<Record<StreamRole | "error", ClientStream>> = {};
  for (const role of ["error", ...roles] as const) {
    streams[role] = await client.open({ streamtype: role });
  }
  return { client, ...streams } as SpdySession;
}

/** Which streams a request of the CRI is to have. */
export function wants(roles: readonly StreamRole[]) {
  return {
    tty: roles.includes("resize"),
    stdin: roles.includes("stdin"),
    stdout: roles.includes("stdout"),
    stderr: roles.includes("stderr"),
  };
}
