// SPDX-License-Identifier: Apache-2.0
// A port-forward session: connections of a client on one side, of a pod's loopback on the other.
import type { Socket } from "node:net";
import { NetworkError, PodStateError } from "../../errors.ts";
import { connectInNamespace } from "../../net/socket-in-namespace.ts";
import type { SandboxRecord } from "../../pod/sandbox-record.ts";
import type { System } from "../../system/system.ts";
import type { CriContext } from "../context.ts";
import { openPortStreams, type PortStreams } from "./port-streams.ts";
import { pump } from "./pump.ts";
import type { Client } from "./server.ts";

/** From the client's coming to its end. */
export async function portForwardSession(
  context: CriContext,
  record: SandboxRecord,
  ports: readonly number[],
  client: Client,
): Promise<void> {
  const sockets = new Set<Socket>();
  const session = openPortStreams(client, ports, async (streams) => {
    await forward(context, record, streams, sockets);
  });
  const leave = () => {
    for (const socket of sockets) {
      destroyAfterWrites(socket);
    }
  };
  if (session.closed.aborted) {
    leave();
  } else {
    session.closed.addEventListener("abort", leave, { once: true });
  }
}

/** Never rejects: what goes wrong is told to the client, and the session goes on. */
async function forward(
  context: CriContext,
  record: SandboxRecord,
  { port, data, error }: PortStreams,
  sockets: Set<Socket>,
): Promise<void> {
  try {
    requireReady(context, record.id, port);
    const socket = await connectToPod(context.system, record.netnsPath, port);
    if (data.destroyed) {
      // The client has left meanwhile.
      socket.destroy();
      return;
    }
    sockets.add(socket);
    try {
      await join(socket, data);
    } finally {
      sockets.delete(socket);
    }
    error.end();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    context.log.debug("Cannot forward a port", { pod: record.id, port, error: text });
    error.end(text);
    data.resume();
    data.end();
  }
}

/** A session may last longer than its pod, and one of the host's network would go on with whatever listens there. */
function requireReady(context: CriContext, sandboxId: string, port: number): void {
  const { state } = context.pods.getSandbox(sandboxId).record;
  if (state !== "ready") {
    throw new PodStateError(`Cannot forward to port ${port}: the pod is ${state}, expected ready`);
  }
}

/** Servers listen on either loopback or on both. */
async function connectToPod(system: System, netnsPath: string, port: number): Promise<Socket> {
  // A pod of the host's network has no namespace of its own.
  const path = netnsPath === "" ? "/proc/thread-self/ns/net" : netnsPath;
  try {
    return await connectInNamespace(system, path, { family: 4, port });
  } catch (cause) {
    try {
      return await connectInNamespace(system, path, { family: 6, port });
    } catch {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new NetworkError(
        `Cannot forward to port ${port}: nothing answers there, neither on 127.0.0.1 nor on ::1: ${reason}`,
        { cause },
      );
    }
  }
}

/** Until both directions have ended, or one side is gone. */
function join(socket: Socket, data: PortStreams["data"]): Promise<void> {
  return new Promise((resolve) => {
    socket.setNoDelay(true);
    socket.on("error", () => data.destroy());
    socket.once("close", () => {
      if (data.writableFinished || data.destroyed) {
        resolve();
      } else {
        data.once("finish", resolve);
        data.once("close", resolve);
      }
    });
    data.once("close", () => {
      if (!data.readableEnded) {
        // Reset by the client, which wants no answer either.
        socket.destroy();
      }
    });
    pump(data, socket);
    pump(socket, data);
  });
}

/** The client has left, but what it had sent and ended still goes to the pod. */
function destroyAfterWrites(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) {
    socket.once("finish", () => socket.destroy());
  } else {
    socket.destroy();
  }
}
