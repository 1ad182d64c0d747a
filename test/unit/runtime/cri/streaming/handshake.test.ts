// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { negotiate } from "../../../../../runtime/cri/streaming/handshake.ts";

const websocket = {
  upgrade: "websocket",
  "sec-websocket-version": "13",
  // RFC 6455, 1.3
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

describe("negotiate() for SPDY", () => {
  it("takes the client's first version that we speak", () => {
    const handshake = negotiate("exec", {
      upgrade: "SPDY/3.1",
      "x-stream-protocol-version": "v9.channel.k8s.io, v4.channel.k8s.io, v5.channel.k8s.io",
    });
    expect(handshake).toEqual({
      kind: "agreed",
      protocol: { kind: "spdy" },
      answer:
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n" +
        "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n",
    });
  });

  it("refuses a client without one, and names ours", () => {
    for (const header of ["channel.k8s.io, v2.channel.k8s.io", undefined]) {
      const { kind, answer } = negotiate("attach", {
        upgrade: "SPDY/3.1",
        "x-stream-protocol-version": header,
      });
      expect(kind).toBe("refused");
      expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
      expect(answer).toContain("X-Accepted-Stream-Protocol-Versions: v4.channel.k8s.io\r\n");
    }
  });

  it("forwards ports under another name", () => {
    const versions = (version: string) =>
      negotiate("portforward", {
        upgrade: "SPDY/3.1",
        "x-stream-protocol-version": version,
      }).kind;
    expect(versions("portforward.k8s.io")).toBe("agreed");
    expect(versions("v4.channel.k8s.io")).toBe("refused");
  });
});

describe("negotiate() for WebSocket", () => {
  it("answers the key as the RFC says", () => {
    const handshake = negotiate("exec", {
      ...websocket,
      "sec-websocket-protocol": "v5.channel.k8s.io, v4.channel.k8s.io",
    });
    expect(handshake).toEqual({
      kind: "agreed",
      protocol: { kind: "websocket", encoding: "binary", closesChannels: true, hasStatus: true },
      answer:
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
        "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n",
    });
  });

  it.each([
    ["exec", "channel.k8s.io", "binary", false],
    ["exec", "base64.channel.k8s.io", "base64", false],
    ["attach", "v4.channel.k8s.io", "binary", true],
    ["portforward", "v4.channel.k8s.io", "binary", true],
    ["portforward", "v4.base64.channel.k8s.io", "base64", true],
  ] as const)("speaks %s over %s", (purpose, name, encoding, hasStatus) => {
    expect(negotiate(purpose, { ...websocket, "sec-websocket-protocol": name })).toMatchObject({
      kind: "agreed",
      protocol: { kind: "websocket", encoding, hasStatus, closesChannels: false },
    });
  });

  it.each([
    ["another version", { ...websocket, "sec-websocket-version": "8" }, "426"],
    ["a bad key", { ...websocket, "sec-websocket-key": "short" }, "400"],
    ["a protocol of objects", { ...websocket, "sec-websocket-protocol": "constructor" }, "400"],
    ["another upgrade", { upgrade: "h2c" }, "400"],
    ["none", {}, "400"],
  ])("refuses %s", (_name, headers, status) => {
    const { kind, answer } = negotiate("exec", headers);
    expect([kind, answer.slice(9, 12)]).toEqual(["refused", status]);
  });
});
