// SPDX-License-Identifier: Apache-2.0
// A web server on loopback for one test: answers from a function and remembers what it was asked.
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  readonly method: string;
  /** Path with query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface TestServer {
  readonly port: number;
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}

export async function serve(
  answer: (request: SeenRequest, response: ServerResponse) => void,
  host = "127.0.0.1",
): Promise<TestServer> {
  const seen: SeenRequest[] = [];
  const server: Server = createServer((message, response) => {
    const request = {
      method: message.method ?? "",
      url: message.url ?? "",
      headers: message.headers,
    };
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${host}:${port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Files by path; everything else is 404. */
export function serveFiles(
  files: () => Readonly<Record<string, string | Buffer>>,
): Promise<TestServer> {
  return serve(({ url }, response) => {
    const body = files()[url.split("?")[0] ?? ""];
    response.writeHead(body === undefined ? 404 : 200, {
      ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
    });
    response.end(body);
  });
}
