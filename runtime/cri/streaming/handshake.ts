// SPDX-License-Identifier: Apache-2.0
// Which protocol a client and we speak, from the headers of its request: the words of the answer, without sending it.
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** exec and attach have the same streams. */
export type Purpose = "exec" | "attach" | "portforward";

export type Protocol =
  | { readonly kind: "spdy" }
  | {
      readonly kind: "websocket";
      readonly encoding: "binary" | "base64";
      /** Message 255 with a channel's number closes that channel (v5). */
      readonly closesChannels: boolean;
      /** The error channel has a metav1.Status (v4 and v5), else plain text. */
      readonly hasStatus: boolean;
    };

export type Handshake =
  | { readonly kind: "agreed"; readonly answer: string; readonly protocol: Protocol }
  | { readonly kind: "refused"; readonly answer: string };

const SPDY: Readonly<Record<Purpose, readonly string[]>> = {
  exec: ["v4.channel.k8s.io", "v5.channel.k8s.io"],
  attach: ["v4.channel.k8s.io", "v5.channel.k8s.io"],
  portforward: ["portforward.k8s.io"],
};

const CHANNELS = { kind: "websocket", closesChannels: false, hasStatus: true } as const;
const V4 = {
  "v4.channel.k8s.io": { ...CHANNELS, encoding: "binary" },
  "v4.base64.channel.k8s.io": { ...CHANNELS, encoding: "base64" },
} as const;
const COMMAND = {
  ...V4,
  "v5.channel.k8s.io": { ...CHANNELS, encoding: "binary", closesChannels: true },
  "channel.k8s.io": { ...CHANNELS, encoding: "binary", hasStatus: false },
  "base64.channel.k8s.io": { ...CHANNELS, encoding: "base64", hasStatus: false },
} as const;
const WEBSOCKET: Readonly<Record<Purpose, Readonly<Record<string, Protocol>>>> = {
  exec: COMMAND,
  attach: COMMAND,
  portforward: V4,
};

/** RFC 6455, 1.3. */
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Answers in the client's order of preference. */
export function negotiate(purpose: Purpose, headers: IncomingHttpHeaders): Handshake {
  const upgrade = (headers.upgrade ?? "").toLowerCase();
  if (upgrade === "spdy/3.1") {
    return negotiateSpdy(purpose, list(headers["x-stream-protocol-version"]));
  }
  if (upgrade === "websocket") {
    return negotiateWebSocket(purpose, headers);
  }
  return refusal(400, "Bad Request", 'Expected an upgrade to "SPDY/3.1" or "websocket"');
}

/** The whole of an HTTP answer that ends the connection. */
export function refusalText(status: number, reason: string, text: string, more = ""): string {
  const body = `${text}\n`;
  return (
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n${more}Connection: close\r\n\r\n${body}`
  );
}

function negotiateSpdy(purpose: Purpose, wanted: readonly string[]): Handshake {
  const known = SPDY[purpose];
  const version = wanted.find((each) => known.includes(each));
  if (version === undefined) {
    const accepted = known.map((each) => `X-Accepted-Stream-Protocol-Versions: ${each}\r\n`);
    const text = `Expected one of these stream protocols: ${known.join(", ")}`;
    return refusal(403, "Forbidden", text, accepted.join(""));
  }
  const answer =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n" +
    `X-Stream-Protocol-Version: ${version}\r\n\r\n`;
  return { kind: "agreed", answer, protocol: { kind: "spdy" } };
}

function negotiateWebSocket(purpose: Purpose, headers: IncomingHttpHeaders): Handshake {
  const key = headers["sec-websocket-key"] ?? "";
  if (headers["sec-websocket-version"] !== "13") {
    const more = "Sec-WebSocket-Version: 13\r\n";
    return refusal(426, "Upgrade Required", "Expected version 13 of WebSocket", more);
  }
  if (Buffer.from(key, "base64").length !== 16) {
    return refusal(400, "Bad Request", "Expected a Sec-WebSocket-Key of 16 bytes");
  }
  const known = WEBSOCKET[purpose];
  const wanted = list(headers["sec-websocket-protocol"]);
  const name = wanted.find((each) => Object.hasOwn(known, each));
  const protocol = wanted.length === 0 ? Object.values(known)[0] : known[name ?? ""];
  if (protocol === undefined) {
    const text = `Expected one of these protocols: ${Object.keys(known).join(", ")}`;
    return refusal(400, "Bad Request", text);
  }
  const accept = createHash("sha1").update(`${key}${WEBSOCKET_GUID}`).digest("base64");
  const answer =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\n` +
    (name === undefined ? "\r\n" : `Sec-WebSocket-Protocol: ${name}\r\n\r\n`);
  return { kind: "agreed", answer, protocol };
}

function refusal(status: number, reason: string, text: string, more = ""): Handshake {
  return { kind: "refused", answer: refusalText(status, reason, text, more) };
}

function list(header: string | readonly string[] | undefined): readonly string[] {
  const text = typeof header === "string" ? header : (header ?? []).join(",");
  return text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}
