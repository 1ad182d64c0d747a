// SPDX-License-Identifier: Apache-2.0
// The CRI server: both services on one unix socket. It is a view on the disk: killed and started again it knows everything.
import { once } from "node:events";
import type { Server as NetServer, Socket } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
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
  await shutdown(server, connections);
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

/** Calls under way are answered. */
async function shutdown(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  const force = setTimeout(() => server.forceShutdown(), SHUTDOWN_MS);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  // Each is closed when its last call has ended, for which grpc-js 1.14 does not wait on Node 26.
  await Promise.all([...connections].map((socket) => once(socket, "close")));
  clearTimeout(force);
}
