// SPDX-License-Identifier: Apache-2.0
// A line of the script: something that a user does, and what it is to show with either CRI server.
import type { Ended } from "../../helpers/native-cluster.ts";
import type { Place } from "./place.ts";

export interface Case {
  readonly name: string;
  readonly see: (place: Place) => Promise<unknown>;
  readonly expected: unknown;
  /** Why the other server is not asked. */
  readonly oursOnly?: string;
  /** What the other server shows instead, and why that is not what we want. */
  readonly theirs?: { readonly expected: unknown; readonly because: string };
}

/** Both protocols that kubectl speaks, each as the environment that makes it. */
export const PROTOCOLS = [
  ["WebSocket", {}],
  [
    "SPDY",
    { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false", KUBECTL_PORT_FORWARD_WEBSOCKETS: "false" },
  ],
] as const;

export function told({ exitCode, stdout, stderr }: Ended): object {
  return { exitCode, stdout: stdout.toString(), stderr };
}
