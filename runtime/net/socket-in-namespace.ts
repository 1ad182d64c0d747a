// SPDX-License-Identifier: Apache-2.0
// A connection that begins in another network namespace, as one to a port that listens on a pod's loopback.
//
// A socket belongs for ever to the namespace in which it was made. So only that one call is made there. What follows (connect,
// read, write) is usual Node.
import { Socket } from "node:net";
import type { System } from "../system/system.ts";
import { inNamespace } from "./in-namespace.ts";

const LOOPBACK = { 4: "127.0.0.1", 6: "::1" } as const;

/**
 * Connects to the port on the namespace's loopback. Rejects with Node's error (ECONNREFUSED when nobody listens there). Both
 * directions of the socket end separately.
 */
export function connectInNamespace(
  system: System,
  netnsPath: string,
  target: { readonly family: 4 | 6; readonly port: number },
): Promise<Socket> {
  const fd = inNamespace(system, netnsPath, () => system.kernel.openTcpSocket(target.family));
  return new Promise((resolve, reject) => {
    const socket = new Socket({ fd, allowHalfOpen: true, readable: true, writable: true });
    socket.once("error", reject);
    socket.connect(target.port, LOOPBACK[target.family], () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
