// SPDX-License-Identifier: Apache-2.0
// The socket under an upgraded connection, whichever protocol is spoken on it: holding back the peer, waiting for it, time
// without data, and an end at which nothing that was written is lost.
import type { Duplex } from "node:stream";

export interface WireOptions {
  /** Without data in either direction for so long, the connection is closed. */
  readonly idleMs: number;
  onData(chunk: Buffer): void;
}

/** After our end the peer has so long to close its side. */
const LINGER_MS = 5000;
/** Answers to pings that the peer does not fetch: more is an attack. */
const MAX_UNFETCHED_BYTES = 1024 * 1024;

export class Wire {
  readonly #socket: Duplex;
  readonly #holders = new Set<unknown>();
  readonly #closed = new AbortController();
  readonly #idle: NodeJS.Timeout;
  #waiting: (() => void)[] = [];
  #isFinishing = false;

  /** `head` is what came with the request that asked for the upgrade. */
  constructor(socket: Duplex, head: Buffer, options: WireOptions) {
    this.#socket = socket;
    this.#idle = setTimeout(() => this.fail(), options.idleMs);
    socket.on("data", (chunk: Buffer) => {
      if (!this.#isFinishing) {
        options.onData(chunk);
      }
    });
    socket.on("drain", () => this.#wake());
    // What went wrong does not matter: "close" follows, and the peer is gone.
    socket.on("error", () => {});
    socket.on("end", () => {
      // The protocols close streams one by one; a peer that closes the connection wants no more.
      socket.destroy();
    });
    socket.on("close", () => this.#onClose());
    if (head.length > 0) {
      queueMicrotask(() => options.onData(head));
    }
  }

  /** Fires when the connection is gone. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Data went over: the connection is not idle. */
  touch(): void {
    this.#idle.refresh();
  }

  /** Stops reading until the same holder lets go. */
  hold(holder: unknown): void {
    this.#holders.add(holder);
    if (!this.#isFinishing) {
      this.#socket.pause();
    }
  }

  release(holder: unknown): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0) {
      this.#socket.resume();
    }
  }

  /** Calls back when there is room for more. */
  write(parts: readonly Buffer[], done: () => void): void {
    if (this.#isFinishing || this.#closed.signal.aborted) {
      done();
      return;
    }
    this.touch();
    this.#socket.cork();
    let hasRoom = true;
    for (const part of parts) {
      hasRoom = this.#socket.write(part);
    }
    this.#socket.uncork();
    if (hasRoom) {
      done();
    } else {
      this.#waiting.push(done);
    }
  }

  /** An answer that the protocol asks for. */
  reply(frame: Buffer): void {
    if (this.#isFinishing) {
      return;
    }
    if (this.#socket.writableLength > MAX_UNFETCHED_BYTES) {
      this.fail();
    } else {
      this.#socket.write(frame);
    }
  }

  /** Sends what was written and this, then closes; what still comes in is thrown away. */
  finish(last?: Buffer): void {
    if (this.#isFinishing) {
      return;
    }
    this.#isFinishing = true;
    clearTimeout(this.#idle);
    // A socket closed with unread bytes resets the connection, and the peer may lose our last words.
    this.#socket.resume();
    this.#socket.end(last);
    const linger = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once("close", () => clearTimeout(linger));
  }

  /** Closes at once. */
  fail(): void {
    this.#socket.destroy();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) {
      done();
    }
  }

  #onClose(): void {
    clearTimeout(this.#idle);
    this.#closed.abort();
    this.#wake();
  }
}
