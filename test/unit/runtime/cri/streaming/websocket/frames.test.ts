// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  closeFrame,
  type Message,
  MessageParser,
  messageHeader,
  pongFrame,
  WebSocketError,
} from "../../../../../../runtime/cri/streaming/websocket/frames.ts";

/** A client's frame: masked. */
function frame(first: number, data: string | Buffer, mask = Buffer.of(1, 2, 3, 4)): Buffer {
  const bytes = Buffer.from(data as string);
  const length =
    bytes.length < 126
      ? Buffer.of(first, 0x80 | bytes.length)
      : Buffer.of(first, 0xfe, bytes.length >> 8, bytes.length & 0xff);
  return Buffer.concat([length, mask, bytes.map((byte, index) => byte ^ (mask[index & 3] ?? 0))]);
}

/** Frames of one message, which does not end. */
function inPieces(count: number, data: string): Buffer {
  const rest = frame(0, data);
  return Buffer.concat([frame(0x02, data), ...Array.from({ length: count - 1 }, () => rest)]);
}

function texts(messages: readonly Message[]): readonly string[] {
  return messages.map((each) => ("data" in each ? `${each.kind} ${each.data}` : each.kind));
}

describe("MessageParser", () => {
  it("reads the same in whatever pieces it comes", () => {
    const bytes = Buffer.concat([
      frame(0x82, "abc"),
      frame(0x01, "x"),
      frame(0x89, "ping"),
      frame(0x80, "y".repeat(300)),
      frame(0x8a, ""),
      frame(0x88, ""),
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length })), (cuts) => {
        const parser = new MessageParser();
        const ends = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b);
        const messages = ends.flatMap((end, index) =>
          parser.push(Buffer.from(bytes.subarray(ends[index - 1] ?? 0, end))),
        );
        expect(texts(messages)).toEqual([
          "data abc",
          "ping ping",
          `data x${"y".repeat(300)}`,
          "pong",
          "close",
        ]);
      }),
    );
  });

  it.each([
    ["a frame without mask", Buffer.of(0x82, 1, 0x61), 1002],
    ["reserved bits", frame(0xc2, "a"), 1002],
    ["a continuation of nothing", frame(0x80, "a"), 1002],
    ["a message inside another", Buffer.concat([frame(0x02, "a"), frame(0x82, "b")]), 1002],
    ["a ping in pieces", frame(0x09, "a"), 1002],
    ["a long ping", frame(0x89, "a".repeat(126)), 1002],
    ["an unknown control frame", frame(0x8b, ""), 1002],
    ["an unknown data frame", frame(0x83, ""), 1002],
    ["a huge frame", Buffer.from("82ff7fffffffffffffff00000000", "hex"), 1009],
    ["a message of too many frames", inPieces(4097, "a"), 1009],
    ["a message of empty frames", inPieces(10, ""), 1009],
    ["a message that is too big together", inPieces(100, "a".repeat(65_535)), 1009],
  ])("refuses %s", (_name, bytes, closeCode) => {
    const parser = new MessageParser();
    expect(() => parser.push(bytes)).toThrow(expect.objectContaining({ closeCode }));
  });

  it("reads a message of many frames, whose last may be empty", () => {
    const parser = new MessageParser();
    const [message] = parser.push(Buffer.concat([inPieces(4095, "ab"), frame(0x80, "")]));
    expect(texts([message as Message])).toEqual([`data ${"ab".repeat(4095)}`]);
    // Counted for each message anew.
    expect(texts(parser.push(Buffer.concat([inPieces(8, ""), frame(0x80, "z")])))).toEqual([
      "data z",
    ]);
  });

  it("keeps a small frame without the large piece that it came in", () => {
    const parser = new MessageParser();
    const piece = Buffer.concat([frame(0x02, "a"), frame(0x8a, "b".repeat(125))]);
    expect(texts(parser.push(piece))).toEqual(["pong"]);
    piece.fill("x");
    expect(texts(parser.push(frame(0x80, "c")))).toEqual(["data ac"]);
  });

  it("fails only with WebSocketError, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 200 }), (bytes) => {
        try {
          new MessageParser().push(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WebSocketError);
        }
      }),
    );
  });
});

describe("frames of ours", () => {
  it("are as the RFC has them", () => {
    expect(messageHeader("binary", 5)).toEqual(Buffer.of(0x82, 5));
    expect(messageHeader("base64", 200)).toEqual(Buffer.of(0x81, 126, 0, 200));
    expect(messageHeader("binary", 65536)).toEqual(Buffer.of(0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0));
    expect(pongFrame(Buffer.from("x"))).toEqual(Buffer.of(0x8a, 1, 0x78));
    expect(closeFrame(1000)).toEqual(Buffer.of(0x88, 2, 3, 232));
  });
});
