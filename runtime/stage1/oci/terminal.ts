// SPDX-License-Identifier: Apache-2.0
// The other side of an app's terminal: what it writes, what is typed, its size. crun makes the pair and sends us the master.
import { type Readable, Writable } from "node:stream";
import { ReadStream } from "node:tty";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** For clients that do not say theirs. */
export const DEFAULT_TERMINAL_SIZE: TerminalSize = { width: 80, height: 24 };

export interface Terminal {
  /** Ends, or fails with EIO, when no process has the terminal any more. */
  readonly output: Readable;
  readonly input: Writable;
  /** Does nothing once the terminal is gone. */
  resize(size: TerminalSize): void;
  /** Closes our side: the session on the terminal gets SIGHUP. */
  hangUp(): void;
}

/** While the app does not read what is typed. */
const RETRY_MS = 10;

/** Takes the master's descriptor over. */
export function openTerminal(system: System, fd: number): Terminal {
  const { kernel, files } = system;
  kernel.setNonBlocking(fd);
  const output = new ReadStream(fd);
  // Not written through the ReadStream: libuv would block the whole process while the app reads nothing.
  const write = (chunk: Buffer, done: (error?: Error) => void): void => {
    if (output.destroyed) {
      done(new Error("The terminal is closed"));
      return;
    }
    let written = 0;
    try {
      written = files.writeSync(fd, chunk);
    } catch (error) {
      if (errnoOf(error) !== "EAGAIN") {
        done(error instanceof Error ? error : new Error(String(error)));
        return;
      }
    }
    if (written === chunk.length) {
      done();
    } else {
      setTimeout(write, RETRY_MS, chunk.subarray(written), done);
    }
  };
  const input = new Writable({ write: (chunk: Buffer, _encoding, done) => write(chunk, done) });
  return {
    output,
    input,
    resize: ({ width, height }) => {
      if (!output.destroyed) {
        kernel.setWindowSize(fd, { rows: height, columns: width });
      }
    },
    hangUp: () => {
      output.destroy();
    },
  };
}
