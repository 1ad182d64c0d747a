// SPDX-License-Identifier: Apache-2.0
// Where clients come with the URL that Exec, Attach or PortForward answered: HTTP on the loopback, a token in the path, then
// SPDY/3.1 or WebSocket. The kubelet fetches it on behalf of kubectl; nobody else can know the token.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { InternalError } from "../../errors.ts";
import type { Clock } from "../../system/clock.ts";
import type { Log } from "../log.ts";
import { negotiate, type Protocol, type Purpose, refusalText } from "./handshake.ts";
import { Tokens } from "./tokens.ts";
import { closeAfterWrites, type WireLimits } from "./wire.ts";

/** A client that has come with its token and agreed on a protocol. */
export interface Client {
  readonly protocol: Protocol;
  readonly socket: Duplex;
  /** What the client sent right after its request. */
  readonly head: Buffer;
  readonly limits: Limits;
}

/** As in the CRI servers that clients are used to: kubelet's defaults. */
export interface Limits extends WireLimits {
  /** So long the client has to open its streams. */
  readonly creationMs: number;
  /** At a time. Whoever can reach the node's loopback may connect, and must not take the descriptors that pods need. */
  readonly connections: number;
}

export const DEFAULT_LIMITS: Limits = {
  idleMs: 4 * 60 * 60 * 1000,
  probeMs: 10_000,
  creationMs: 30_000,
  connections: 2000,
};

/** What is done with a client; its end is the connection's. */
export type Session = (client: Client) => Promise<void>;

export interface StreamingOptions {
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Log;
  readonly limits?: Limits;
}

export class StreamingServer {
  readonly #log: Log;
  readonly #limits: Limits;
  readonly #http: Server;
  readonly #tokens: Tokens<{ readonly purpose: Purpose; readonly session: Session }>;
  readonly #sockets = new Set<Duplex>();
  #port: number | undefined;

  constructor(options: StreamingOptions) {
    this.#log = options.log;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#tokens = new Tokens(options.clock);
    this.#http = createServer((request, response) => {
      request.resume();
      response.writeHead(400, { "content-type": "text/plain", connection: "close" });
      response.end('Expected an upgrade to "SPDY/3.1" or "websocket"\n');
    });
    this.#http.maxConnections = this.#limits.connections;
    this.#http.on("upgrade", (request, socket, head) => this.#onUpgrade(request, socket, head));
  }

  /** On a free port of 127.0.0.1. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once("error", reject);
      this.#http.listen(0, "127.0.0.1", resolve);
    });
    this.#port = (this.#http.address() as AddressInfo).port;
  }

  /** A URL at which one client can have this session, within a minute. */
  offer(purpose: Purpose, session: Session): string {
    if (this.#port === undefined) {
      throw new InternalError("Cannot offer a streaming session: the server does not listen");
    }
    return `http://127.0.0.1:${this.#port}/${purpose}/${this.#tokens.issue({ purpose, session })}`;
  }

  /** Ends every session at once. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeAllConnections();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await closed;
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => {});
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const [, purpose, token = ""] = (request.url ?? "").split("?")[0]?.split("/") ?? [];
    const offered = this.#tokens.take(token);
    if (offered === undefined || offered.purpose !== purpose) {
      this.#log.debug("Refused a streaming client: its token is unknown, used or too old");
      closeAfterWrites(
        socket,
        refusalText(404, "Not Found", "No session waits under this address"),
      );
      return;
    }
    const handshake = negotiate(purpose, request.headers);
    if (handshake.kind === "refused") {
      this.#log.warn("Refused a streaming client", {
        purpose,
        answer: handshake.answer.slice(handshake.answer.indexOf("\r\n\r\n") + 4).trim(),
      });
      closeAfterWrites(socket, handshake.answer);
      return;
    }
    socket.write(handshake.answer);
    const client = { protocol: handshake.protocol, socket, head, limits: this.#limits };
    offered.session(client).catch((error: unknown) => {
      this.#log.warn("Streaming session failed", { purpose, error: String(error) });
      socket.destroy();
    });
  }
}
