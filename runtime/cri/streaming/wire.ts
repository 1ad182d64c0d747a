// SPDX-License-Identifier: Apache-2.0
// The socket under an upgraded connection, whichever protocol is spoken on it: holding back the peer, waiting for it, time
// without data, and an end at which nothing that was written is lost.
import type { Duplex } from "node:stream";

export interface WireLimits {
  /** Without data in either direction for so long, the connection is closed. */
  readonly idleMs: number;
  /** While the peer is held back, so often it is looked whether it is still there: who does not read sees no end. */
  readonly probeMs: number;
}

export interface WireOptions extends WireLimits {
  onData(chunk: Buffer): void;
  /** A ping. Sent to a peer that is gone, it fails. */
  probe(): Buffer;
}

/** After all that we had to say the peer has so long to close its side. */
const LINGER_MS = 5000;
/** Answers to pings that the peer does not fetch: more is an attack. */
const MAX_UNFETCHED_BYTES = 1024 * 1024;

export class Wire {
  readonly #socket: Duplex;
  readonly #holders = new Set<unknown>();
  readonly #closed = new AbortController();
  readonly #idle: NodeJS.Timeout;
  readonly #options: WireOptions;
  #probing: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];
  #isFinishing = false;

  /** `head` is what came with the request that asked for the upgrade. */
  constructor(socket: Duplex, head: Buffer, options: WireOptions) {
    this.#socket = socket;
    this.#options = options;
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
    if (!this.#isFinishing && !this.#closed.signal.aborted) {
      this.#socket.pause();
      this.#probing ??= setInterval(() => this.reply(this.#options.probe()), this.#options.probeMs);
    }
  }

  release(holder: unknown): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0) {
      this.#stopProbing();
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
    this.#stopProbing();
    closeAfterWrites(this.#socket, last);
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

  #stopProbing(): void {
    clearInterval(this.#probing);
    this.#probing = undefined;
  }

  #onClose(): void {
    clearTimeout(this.#idle);
    this.#stopProbing();
    this.#closed.abort();
    this.#wake();
  }
}

/** Sends what was written and this, however slowly the peer reads; then closes, when the peer has or after a while. */
export function closeAfterWrites(socket: Duplex, last?: Buffer | string): void {
  let linger: NodeJS.Timeout | undefined;
  socket.once("finish", () => {
    linger = setTimeout(() => socket.destroy(), LINGER_MS);
  });
  socket.once("close", () => clearTimeout(linger));
  // What still comes is thrown away: a socket closed with unread bytes resets the connection, and the peer may lose our last
  // words.
  socket.resume();
  socket.end(last);
}
