// SPDX-License-Identifier: Apache-2.0
// The CRI server: both services on one unix socket. It is a view on the disk: killed and started again it knows everything.
import type { Server as NetServer, Socket } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { System } from "../system/system.ts";
import { ImageService, RuntimeService } from "./api-schema.ts";
import type { CriContext } from "./context.ts";
import { serviceDefinition, serviceImplementation } from "./grpc-service.ts";
import { watchExits } from "./pods/exit-watcher.ts";
import { recover } from "./pods/recover.ts";
import { rpcTable } from "./rpc-table.ts";

/** Both directions; what the kubelet and critest use too. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Time for calls under way when the server is asked to end: the kubelet asks again. */
const SHUTDOWN_MS = 2000;

/** Serves until `signal` fires. Listens only when everything on disk is known: until then clients wait. */
export async function serve(
  context: CriContext,
  listen: () => Promise<NetServer>,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = context.system.clock.monotonic();
  await recover(context);
  await watchExits(context, signal);
  await context.streaming.listen();
  const server = grpcServer(context);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = await listen();
  const connections = new Set<Socket>();
  listener.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
    injector.injectConnection(socket);
  });
  context.log.info("Serving", {
    pods: context.pods.sandboxes().length,
    containers: context.pods.containers().length,
    ms: Math.round(context.system.clock.monotonic() - startedAt),
  });
  await aborted(signal);
  listener.close();
  context.pods.events.close();
  await context.streaming.close();
  await shutdown(server, connections, context.system.clock);
}

function grpcServer(context: CriContext): Server {
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(
    serviceDefinition(RuntimeService),
    serviceImplementation(RuntimeService, rpcTable.runtime, context),
  );
  server.addService(
    serviceDefinition(ImageService),
    serviceImplementation(ImageService, rpcTable.image, context),
  );
  return server;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    } else {
      signal.addEventListener("abort", () => resolve(), { once: true });
    }
  });
}

/**
 * Calls under way are answered, but nobody is waited for longer than {@link SHUTDOWN_MS}: clients that say nothing keep their
 * connections for ever.
 */
async function shutdown(
  server: Server,
  connections: ReadonlySet<Socket>,
  clock: System["clock"],
): Promise<void> {
  server.tryShutdown(() => {
    // Not what is waited for: on Node 26 grpc-js 1.14 takes connections with calls under way for closed.
  });
  const allClosed = Promise.all(
    [...connections].map((socket) => new Promise((resolve) => socket.once("close", resolve))),
  );
  const waiting = new AbortController();
  await Promise.race([
    allClosed,
    clock.sleep(SHUTDOWN_MS, { signal: waiting.signal }).catch(() => {}), // all were closed before
  ]);
  waiting.abort();
  server.forceShutdown();
  for (const socket of connections) {
    socket.destroy();
  }
}
