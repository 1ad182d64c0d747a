// SPDX-License-Identifier: Apache-2.0
// A real pipe for a child's input, for the reason told in output-pipe.ts. And one without a name: a program that opens
// /dev/stdin again after we have closed our end would wait for ever in a fifo's open(2).
import { Socket } from "node:net";
import type { System } from "../../system/system.ts";

export interface InputPipe {
  /** For the child; the caller closes it after the start. */
  readonly readFd: number;
  /** Fails with EPIPE when every holder of the read end is gone. */
  readonly writer: Socket;
}

export function openInputPipe(system: System): InputPipe {
  const { readFd, writeFd } = system.kernel.openPipe();
  return { readFd, writer: new Socket({ fd: writeFd, readable: false, writable: true }) };
}
