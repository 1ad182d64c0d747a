// SPDX-License-Identifier: Apache-2.0
// The mirror's HTTP server: files and images, read only.

import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { Catalogue, type Content, type Missing } from "./catalogue.ts";
import type { MirrorConfig } from "./config.ts";
import { type ByteRange, parseRange } from "./range.ts";
import { routeOf } from "./routes.ts";
import { VerifiedFiles } from "./verified-files.ts";

/** Answers `HEAD /healthz` style questions of the provider: who is it? */
export const MIRROR_HEADER = "corefly-mirror";

/** Makes a server that is not listening yet. Each request is one line for `log`. */
export function createMirror(config: MirrorConfig, log: (line: string) => void): Server {
  const catalogue = new Catalogue(config);
  const verified = new VerifiedFiles();
  return createServer((request, response) => {
    const started = performance.now();
    response.on("close", () => {
      const { method = "", url = "", socket } = request;
      const bytes = response.getHeader("content-length") ?? 0;
      const end = response.writableFinished ? "" : " cut-off";
      log(
        `${socket.remoteAddress ?? "-"} ${method} ${JSON.stringify(url)} ${response.statusCode} ${bytes} ${Math.round(performance.now() - started)}ms${end}`,
      );
    });
    answer(catalogue, verified, request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      // A client that went away is no failure of ours.
      if (!request.socket.destroyed) log(`failure ${JSON.stringify(message)}`);
      if (response.headersSent) response.destroy();
      else fail(response, 500, "UNKNOWN", message);
    });
  });
}

async function answer(
  catalogue: Catalogue,
  verified: VerifiedFiles,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader("docker-distribution-api-version", "registry/2.0");
  response.setHeader("server", MIRROR_HEADER);
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    // What is being sent is not read.
    response.setHeader("connection", "close");
    return fail(response, 405, "UNSUPPORTED", "This mirror is read only");
  }
  const found = await catalogue.find(routeOf(request.url ?? ""));
  if (isMissing(found)) return fail(response, found.status, found.code, found.message);
  if (found.body.kind === "file" && found.sha512 !== undefined) {
    await verified.verify(found.body.path, found.sha512);
  }
  await send(found, request, response);
}

async function send(
  content: Content,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(content.headers)) response.setHeader(name, value);
  response.setHeader("accept-ranges", "bytes");
  const range = parseRange(request.headers.range, content.sizeBytes);
  if (range === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${content.sizeBytes}`);
    return fail(response, 416, "RANGE_INVALID", `The file has ${content.sizeBytes} bytes`);
  }
  if (range !== undefined) {
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${range.start}-${range.end}/${content.sizeBytes}`);
  }
  const part = range ?? { start: 0, end: content.sizeBytes - 1 };
  response.setHeader("content-length", part.end - part.start + 1);
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  await sendBody(content, part, response);
}

async function sendBody(content: Content, part: ByteRange, response: ServerResponse) {
  const { body } = content;
  if (body.kind === "bytes" || part.end < part.start) {
    const bytes = body.kind === "bytes" ? body.bytes : Buffer.alloc(0);
    response.end(bytes.subarray(part.start, part.end + 1));
    return;
  }
  const stream = createReadStream(body.path, {
    start: body.offset + part.start,
    end: body.offset + part.end,
    highWaterMark: 256 << 10,
  });
  await pipeline(stream, response);
}

/** An error as the OCI distribution spec writes it. */
function fail(response: ServerResponse, status: number, code: string, message: string): void {
  const bytes = Buffer.from(JSON.stringify({ errors: [{ code, message }] }));
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.setHeader("content-length", bytes.length);
  response.end(response.req.method === "HEAD" ? undefined : bytes);
}

function isMissing(found: Content | Missing): found is Missing {
  return "status" in found;
}
