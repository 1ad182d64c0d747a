// SPDX-License-Identifier: Apache-2.0
// A real pipe for a child's output. What Node calls a pipe is a socket, which a program cannot open again by its name in
// /dev or /proc: `echo x >/dev/stderr` in a container would fail with ENXIO. And a child gets it under a number of our choice.
import { Socket } from "node:net";
import { O_NONBLOCK, O_RDONLY, O_WRONLY } from "../../system/constants.ts";
import type { System } from "../../system/system.ts";

export interface OutputPipe {
  /** Ends when every holder of the write end is gone. */
  readonly reader: Socket;
  /** For the child; the caller closes it after the start. */
  readonly writeFd: number;
}

/** Made as a fifo at `path`, which must be free; the name is gone when this returns. */
export function openOutputPipe(system: System, path: string): OutputPipe {
  const { kernel, files } = system;
  kernel.mkfifo(path, 0o600);
  try {
    const readFd = files.openSync(path, O_RDONLY | O_NONBLOCK);
    try {
      const writeFd = files.openSync(path, O_WRONLY);
      return { reader: new Socket({ fd: readFd, readable: true, writable: false }), writeFd };
    } catch (error) {
      files.closeSync(readFd);
      throw error;
    }
  } finally {
    files.unlinkSync(path);
  }
}

/** stdout and stderr of one process: both, or none when descriptors run out. */
export function openOutputPipes(
  system: System,
  scratch: string,
): { readonly out: OutputPipe; readonly err: OutputPipe } {
  const out = openOutputPipe(system, `${scratch}.out`);
  try {
    return { out, err: openOutputPipe(system, `${scratch}.err`) };
  } catch (error) {
    out.reader.destroy();
    system.files.closeSync(out.writeFd);
    throw error;
  }
}
