// SPDX-License-Identifier: Apache-2.0
// The other side of an app's terminal: what it writes, what is typed, its size. crun makes the pair and sends us the master.
import type { Readable, Writable } from "node:stream";
import { ReadStream } from "node:tty";
import type { System } from "../../system/system.ts";
import { descriptorWriter } from "./descriptor-writer.ts";

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

/** Takes the master's descriptor over. */
export function openTerminal(system: System, fd: number): Terminal {
  const { kernel } = system;
  kernel.setNonBlocking(fd);
  const output = new ReadStream(fd);
  const input = descriptorWriter(system, fd, () => output.destroyed);
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
