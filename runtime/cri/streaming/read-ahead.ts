// SPDX-License-Identifier: Apache-2.0
// What has come over a connection and was not read yet. The peers heed no flow control, so the only brake is the connection
// itself: as long as there is room here, a stream that nobody reads does not stop the others; then all of them wait.
import type { Readable } from "node:stream";
import type { Wire } from "./wire.ts";

/** What a chunk costs beside its bytes. Without it, memory could be filled with frames of one byte. */
const CHUNK_COST_BYTES = 512;
/** Smaller chunks are copied: a piece of what was read from the socket keeps all of it in memory. */
const COPIED_BYTES = 4096;

/** A command's input is one stream; forwarded connections are many, and none of them is to wait for a slow one at once. */
export const READ_AHEAD_BYTES = { command: 256 * 1024, ports: 4 * 1024 * 1024 } as const;

/** One for each connection. */
export class ReadAhead {
  readonly #wire: Pick<Wire, "hold" | "release">;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(wire: Pick<Wire, "hold" | "release">, maxBytes: number) {
    this.#wire = wire;
    this.#maxBytes = maxBytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) {
      this.#wire.hold(this);
    } else {
      this.#wire.release(this);
    }
  }
}

/** What one stream has received, until its reader asks for it. */
export class Incoming {
  readonly #ahead: ReadAhead;
  readonly #chunks: Buffer[] = [];
  #isEnded = false;
  /** Set while it wants more. */
  #reader: Readable | undefined;

  constructor(ahead: ReadAhead) {
    this.#ahead = ahead;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  put(data: Buffer): void {
    const chunk = data.length < COPIED_BYTES ? copied(data) : data;
    this.#chunks.push(chunk);
    this.#ahead.add(costOf(chunk));
    this.#give();
  }

  end(): void {
    this.#isEnded = true;
    this.#give();
  }

  /** The reader's `read`: it gets what is there and what comes, until it has enough. */
  read(reader: Readable): void {
    this.#reader = reader;
    this.#give();
  }

  /** Nobody will read the rest. */
  drop(): void {
    this.#reader = undefined;
    for (const chunk of this.#chunks.splice(0)) {
      this.#ahead.add(-costOf(chunk));
    }
  }

  #give(): void {
    for (let reader = this.#reader; reader !== undefined; reader = this.#reader) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) {
        if (this.#isEnded) {
          this.#reader = undefined;
          reader.push(null);
        }
        return;
      }
      this.#reader = undefined;
      const wantsMore = reader.push(chunk);
      // It may have asked again meanwhile.
      this.#reader ??= wantsMore ? reader : undefined;
      this.#ahead.add(-costOf(chunk));
    }
  }
}

function costOf(chunk: Buffer): number {
  return chunk.length + CHUNK_COST_BYTES;
}

function copied(data: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(data.length);
  data.copy(copy);
  return copy;
}
