// SPDX-License-Identifier: Apache-2.0
// The workstation's ports of a stack, so that previews know them and two stacks do not meet.

import { createHash } from "node:crypto";

const FIRST = 20_000;
const BLOCKS = 1_200;
const BLOCK_SIZE = 10;

/** Ports on the workstation's loopback: the mirror, the API server, and one for each published node port. */
export interface StackPorts {
  readonly mirror: number;
  readonly apiServer: number;
  readonly published: readonly number[];
}

/** Ports between 20000 and 31999 that follow from the stack's identity: the same each time, rarely those of another. */
export function stackPorts(identity: string): StackPorts {
  const block = createHash("sha256").update(identity).digest().readUInt32BE(0) % BLOCKS;
  const base = FIRST + block * BLOCK_SIZE;
  return {
    mirror: base,
    apiServer: base + 1,
    published: Array.from({ length: BLOCK_SIZE - 2 }, (_, index) => base + 2 + index),
  };
}
