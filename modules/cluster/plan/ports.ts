// SPDX-License-Identifier: Apache-2.0
// The workstation's ports of a stack, so that previews know them and two stacks do not meet.

import { createHash } from "node:crypto";
import { InvalidArgumentError } from "./invalid-argument-error.ts";

/** The API server's port on its node. */
export const API_SERVER_PORT = 6443;

const FIRST = 20_000;
const BLOCKS = 1_200;
const BLOCK_SIZE = 10;
const RESERVED = 2;

/** Ports on the workstation's loopback: the mirror, the API server, and one for each published node port. */
export interface StackPorts {
  readonly mirror: number;
  readonly apiServer: number;
  readonly published: readonly number[];
}

/** A node port of a Service, and the workstation's port where it is reached, if the user chose one. */
export interface PublishedPort {
  readonly name: string;
  readonly nodePort: number;
  readonly port?: number | undefined;
}

/** Ports between 20000 and 31999 that follow from the stack's identity: the same each time, rarely those of another. */
export function stackPorts(
  identity: string,
  chosen: { readonly mirror?: number | undefined; readonly apiServer?: number | undefined },
  publish: readonly PublishedPort[],
): StackPorts {
  if (publish.length > BLOCK_SIZE - RESERVED) {
    throw new InvalidArgumentError(
      "publish",
      `${publish.length} ports, expected at most ${BLOCK_SIZE - RESERVED}`,
    );
  }
  const block = createHash("sha256").update(identity).digest().readUInt32BE(0) % BLOCKS;
  const base = FIRST + block * BLOCK_SIZE;
  const ports = {
    mirror: checkPort(chosen.mirror ?? base, "mirrorPort"),
    apiServer: checkPort(chosen.apiServer ?? base + 1, "apiServerPort"),
    published: publish.map(({ port, nodePort }, index) => {
      checkNodePort(nodePort, `publish[${index}].nodePort`);
      return checkPort(port ?? base + RESERVED + index, `publish[${index}].port`);
    }),
  };
  checkDistinct(ports);
  checkPublished(publish);
  return ports;
}

function checkPort(port: number, argument: string): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError(argument, `${port} is not a port, expected 1 to 65535`);
  }
  return port;
}

/** The API server's default --service-node-port-range. */
function checkNodePort(port: number, argument: string): void {
  if (!Number.isInteger(port) || port < 30_000 || port > 32_767) {
    throw new InvalidArgumentError(argument, `${port} is not a node port, expected 30000 to 32767`);
  }
}

/** Names are keys of the addresses that a cluster gives out; a node port leads to one Service. */
function checkPublished(publish: readonly PublishedPort[]): void {
  for (const [index, { name, nodePort }] of publish.entries()) {
    const earlier = publish.slice(0, index);
    if (typeof name !== "string" || name === "") {
      throw new InvalidArgumentError(`publish[${index}].name`, "found no name, expected one");
    }
    if (earlier.some((other) => other.name === name)) {
      throw new InvalidArgumentError(
        `publish[${index}].name`,
        `"${name}" is there twice, expected different names`,
      );
    }
    if (earlier.some((other) => other.nodePort === nodePort)) {
      throw new InvalidArgumentError(
        `publish[${index}].nodePort`,
        `${nodePort} is there twice, expected different ports`,
      );
    }
  }
}

function checkDistinct(ports: StackPorts): void {
  const named: readonly (readonly [string, number])[] = [
    ["mirrorPort", ports.mirror],
    ["apiServerPort", ports.apiServer],
    ...ports.published.map((port, index) => [`publish[${index}].port`, port] as const),
  ];
  for (const [index, [argument, port]] of named.entries()) {
    const earlier = named.slice(0, index).find(([, other]) => other === port);
    if (earlier !== undefined) {
      throw new InvalidArgumentError(argument, `${port} is the port of ${earlier[0]} already`);
    }
  }
}
