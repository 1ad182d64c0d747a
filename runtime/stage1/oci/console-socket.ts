// SPDX-License-Identifier: Apache-2.0
// The unix socket on which crun sends us the master of a terminal that it has made for a process.
import { TimeoutError } from "../../errors.ts";
import type { System } from "../../system/system.ts";

const POLL_MS = 2;
const WAIT_MS = 30_000;

export class ConsoleSocket {
  readonly path: string;
  readonly #system: System;
  readonly #listener: number;

  /** Listens. The path must be free and have at most 107 bytes. */
  constructor(system: System, path: string) {
    this.path = path;
    this.#system = system;
    this.#listener = system.kernel.listenOnUnixSocket(path);
  }

  /** The master; undefined when crun ends without: its log says why. */
  async receive(ended: Promise<unknown>): Promise<number | undefined> {
    const { kernel, files, clock } = this.#system;
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    ended.then(over, over);
    const deadline = clock.monotonic() + WAIT_MS;
    let connection: number | undefined;
    try {
      for (;;) {
        // Looked at before the socket: what crun sent before its end is not missed.
        const wasOver = isOver;
        connection ??= kernel.acceptConnection(this.#listener);
        const fd = connection === undefined ? undefined : kernel.receiveDescriptor(connection);
        if (fd !== undefined || wasOver) {
          return fd;
        }
        if (clock.monotonic() > deadline) {
          throw new TimeoutError(`Cannot get a terminal of crun within ${WAIT_MS} ms`);
        }
        await clock.sleep(POLL_MS);
      }
    } finally {
      if (connection !== undefined) {
        files.closeSync(connection);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#system.files.closeSync(this.#listener);
    this.#system.files.unlinkSync(this.path);
  }
}
