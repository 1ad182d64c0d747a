// SPDX-License-Identifier: Apache-2.0
// A connection that begins in another network namespace, as one to a port that listens on a pod's loopback.
//
// A socket belongs for ever to the namespace in which it was made. So only that one call is made there: synchronously, between
// two setns on the main thread, where nothing else of ours can run. What follows (connect, read, write) is usual Node.
import { Socket } from "node:net";
import { InternalError } from "../errors.ts";
import { CLONE_NEWNET, O_CLOEXEC, O_RDONLY } from "../system/constants.ts";
import type { System } from "../system/system.ts";

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

function inNamespace<Result>(system: System, path: string, run: () => Result): Result {
  const { kernel, files } = system;
  const home = files.openSync("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  try {
    const there = files.openSync(path, O_RDONLY | O_CLOEXEC);
    try {
      kernel.setns(there, CLONE_NEWNET);
    } finally {
      files.closeSync(there);
    }
    try {
      return run();
    } finally {
      goHome(system, home);
    }
  } finally {
    files.closeSync(home);
  }
}

/** A process that cannot come back must not go on: whatever it did next would happen in the pod. */
function goHome(system: System, home: number): void {
  try {
    system.kernel.setns(home, CLONE_NEWNET);
  } catch (cause) {
    process.nextTick(() => process.abort());
    throw new InternalError("Cannot return from a pod's network namespace", { cause });
  }
}
