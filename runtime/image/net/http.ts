// SPDX-License-Identifier: Apache-2.0
// HTTP for fetches: streams, follows redirects without telling other hosts what was meant for this one, never retries, and says
// in one line what went wrong.
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { getCACertificates } from "node:tls";
import { NetworkError, UsageError } from "../../errors.ts";
import { VERSION } from "../../system/version.ts";
import { Pace } from "./pace.ts";

export interface HttpOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Only for the host of `url`; not sent to where a redirect leads, unless that is the same host. */
  readonly authorization?: string | undefined;
  /** Leave certificates unchecked. */
  readonly insecureTls?: boolean;
  /** Whether a redirect may lead from https to http. */
  readonly allowHttp?: boolean;
  readonly method?: "GET" | "POST";
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly url: URL;
  header(name: string): string | undefined;
  /** From Content-Length. */
  readonly sizeBytes: number | undefined;
  /** To be read to its end, or given up with `discard`. Throws NetworkError when the connection breaks. */
  readonly body: AsyncIterable<Buffer>;
  discard(): void;
}

const MAX_REDIRECTS = 10;
const IDLE_TIMEOUT_MS = 30_000;
/** A head is small: this is for a server that sends it byte by byte, which is never idle. */
const HEAD_MS = 60_000;
const REDIRECTS = [301, 302, 303, 307, 308];

/** Any status that is no redirect is answered, not thrown. Throws NetworkError when there is no answer. */
export async function openUrl(url: URL, options: HttpOptions): Promise<HttpResponse> {
  let at = url;
  let request = options;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const isHome = at.origin === url.origin;
    const response = await send(at, isHome ? request : { ...request, authorization: undefined });
    const location = response.headers.location;
    const status = response.statusCode ?? 0;
    if (!REDIRECTS.includes(status) || location === undefined) {
      return answered(at, response);
    }
    response.destroy();
    const next = redirectTarget(at, location, request);
    request = redirectedRequest(status, request);
    if (request.body !== undefined && next.origin !== at.origin) {
      // What identifies somebody to a server may be in the body, too: a refresh token is.
      throw new NetworkError(
        `Cannot fetch "${show(at)}": a request with a body is redirected to another server, "${show(next)}"`,
      );
    }
    at = next;
  }
  throw new NetworkError(`Cannot fetch "${show(url)}": more than ${MAX_REDIRECTS} redirects`);
}

function redirectTarget(at: URL, location: string, options: HttpOptions): URL {
  const next = URL.parse(location, at);
  if (next === null || !["http:", "https:"].includes(next.protocol)) {
    throw new NetworkError(
      `Cannot fetch "${show(at)}": redirected to "${location}", no URL that can be fetched`,
    );
  }
  if (at.protocol === "https:" && next.protocol === "http:" && options.allowHttp !== true) {
    throw new NetworkError(`Cannot fetch "${show(at)}": redirected from https to "${show(next)}"`);
  }
  return next;
}

/** A POST becomes a GET without body unless the status forbids that, as in the fetch standard ("HTTP-redirect fetch"). */
function redirectedRequest(status: number, options: HttpOptions): HttpOptions {
  if (options.method !== "POST" || ![301, 302, 303].includes(status)) {
    return options;
  }
  const { body: _, headers = {}, ...rest } = options;
  const kept = Object.entries(headers).filter(([name]) => !/^content-/i.test(name));
  return { ...rest, method: "GET", headers: Object.fromEntries(kept) };
}

/** The whole body, up to a bound. Throws NetworkError when it is longer. */
export async function readBody(response: HttpResponse, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new NetworkError(
        `Cannot fetch "${show(response.url)}": the answer has more than ${maxBytes} bytes`,
      );
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

export function statusError(response: HttpResponse, what: string): NetworkError {
  response.discard();
  return new NetworkError(
    `Cannot fetch ${what}: HTTP status ${response.status} from "${show(response.url)}"`,
  );
}

export function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new UsageError(`Cannot use URL "${text}": expected http:// or https://`);
  }
  return url;
}

/** For messages: without credentials and query, which may hold some. */
export function show(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** A host that only this machine can answer for. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
}

let knownAuthorities: readonly string[] | undefined;

/** Mozilla's, which Node brings, and those that the administrator of the machine added to the system's. */
function authorities(): readonly string[] {
  knownAuthorities ??= [...getCACertificates("bundled"), ...getCACertificates("system")];
  return knownAuthorities;
}

function send(url: URL, options: HttpOptions): Promise<IncomingMessage> {
  const { authorization, signal } = options;
  const credentials =
    url.username === ""
      ? undefined
      : basic(decodeURIComponent(url.username), decodeURIComponent(url.password));
  const auth = authorization ?? credentials;
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown) =>
      reject(new NetworkError(`Cannot fetch "${show(url)}": ${reason}`, { cause }));
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      method: options.method ?? "GET",
      headers: {
        "user-agent": `corefly/${VERSION}`,
        ...options.headers,
        ...(auth === undefined ? {} : { authorization: auth }),
      },
      timeout: IDLE_TIMEOUT_MS,
      // A kept connection may be closed by the server just when it is used again, and nothing here is retried.
      agent: false,
      ...(url.protocol === "https:" ? { ca: [...authorities()] } : {}),
      ...(options.insecureTls === true ? { rejectUnauthorized: false } : {}),
      ...(signal === undefined ? {} : { signal }),
    });
    let response: IncomingMessage | undefined;
    const headTimer = setTimeout(
      () =>
        request.destroy(
          new Error(`no complete head of an answer within ${HEAD_MS / 1000} seconds`),
        ),
      HEAD_MS,
    );
    request.on("close", () => clearTimeout(headTimer));
    request.on("response", (message) => {
      clearTimeout(headTimer);
      response = message;
      resolve(message);
    });
    request.on("timeout", () =>
      response === undefined
        ? request.destroy(stalled("no answer"))
        : response.destroy(stalled("no data")),
    );
    request.on("error", (cause) =>
      signal?.aborted === true
        ? reject(signal.reason)
        : fail(cause.message || "cannot connect", cause),
    );
    request.end(options.body);
  });
}

function stalled(what: string): Error {
  return new Error(`${what} for ${IDLE_TIMEOUT_MS / 1000} seconds`);
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function answered(url: URL, message: IncomingMessage): HttpResponse {
  const length = message.headers["content-length"];
  const sizeBytes = length === undefined ? undefined : Number(length);
  return {
    status: message.statusCode ?? 0,
    url,
    header: (name) => {
      const value = message.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    sizeBytes,
    body: bodyOf(url, message, sizeBytes),
    discard: () => message.destroy(),
  };
}

async function* bodyOf(
  url: URL,
  message: IncomingMessage,
  sizeBytes: number | undefined,
): AsyncIterable<Buffer> {
  let received = 0;
  let slowness: string | undefined;
  const pace = new Pace((reason) => {
    slowness = reason;
    message.destroy(new Error(reason));
  });
  try {
    for await (const chunk of message) {
      received += chunk.length;
      pace.arrived(chunk.length);
      yield chunk;
      pace.waits();
    }
  } catch (cause) {
    const reason = slowness ?? (cause instanceof Error ? cause.message : String(cause));
    const what = slowness === undefined ? "connection lost" : "given up";
    const of = sizeBytes === undefined ? "" : ` of ${sizeBytes}`;
    throw new NetworkError(
      `Cannot fetch "${show(url)}": ${what} after ${received}${of} bytes: ${reason}`,
      { cause },
    );
  } finally {
    pace.stop();
  }
}
