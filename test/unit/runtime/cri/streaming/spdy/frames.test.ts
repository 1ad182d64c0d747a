// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  dataFrameHeader,
  type Frame,
  FrameParser,
  goawayFrame,
  ProtocolError,
  pingFrame,
  rstStreamFrame,
  synReplyFrame,
  synStreamFrame,
} from "../../../../../../runtime/cri/streaming/spdy/frames.ts";

const block = Buffer.from("block");

describe("FrameParser", () => {
  it("reads what is written", () => {
    const bytes = Buffer.concat([
      synStreamFrame(1, block, false),
      synReplyFrame(1, block),
      dataFrameHeader(1, 3, false),
      Buffer.from("abc"),
      dataFrameHeader(1, 0, true),
      rstStreamFrame(3, 5),
      pingFrame(7),
      goawayFrame(9, 1),
    ]);
    expect(new FrameParser().push(bytes)).toEqual([
      { kind: "syn-stream", streamId: 1, headerBlock: block, isLast: false },
      { kind: "syn-reply", streamId: 1, headerBlock: block, isLast: false },
      { kind: "data", streamId: 1, data: Buffer.from("abc"), isLast: false },
      { kind: "data", streamId: 1, data: Buffer.alloc(0), isLast: true },
      { kind: "rst-stream", streamId: 3, status: 5 },
      { kind: "ping", id: 7 },
      { kind: "goaway", lastStreamId: 9, status: 1 },
    ]);
  });

  it("reads the same in whatever pieces it comes", () => {
    const bytes = Buffer.concat([
      synStreamFrame(1, block, false),
      dataFrameHeader(1, 10, true),
      Buffer.from("0123456789"),
      pingFrame(1),
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length })), (cuts) => {
        const parser = new FrameParser();
        const ends = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b);
        const frames = ends.flatMap((end, index) =>
          parser.push(bytes.subarray(ends[index - 1] ?? 0, end)),
        );
        expect(joined(frames)).toEqual(["syn-stream block", "data 0123456789 last", "ping"]);
      }),
    );
  });

  it("gives data on before the frame is complete", () => {
    const parser = new FrameParser();
    const frames = parser.push(Buffer.concat([dataFrameHeader(5, 0xffffff, true), block]));
    expect(frames).toEqual([{ kind: "data", streamId: 5, data: block, isLast: false }]);
  });

  it("passes SETTINGS and WINDOW_UPDATE over", () => {
    const settings = Buffer.from("80030004000000040000000080030009000000080000000100000001", "hex");
    expect(new FrameParser().push(Buffer.concat([settings, pingFrame(1)]))).toEqual([
      { kind: "ping", id: 1 },
    ]);
  });

  it.each([
    ["another version", "8002000100000000", "version 2, expected 3"],
    ["a huge control frame", "8003000100ffffff", "at most 65536"],
    ["a short SYN_STREAM", "80030001000000020000", "SYN_STREAM has 2 bytes"],
    ["a short PING", "8003000600000000", "PING has 0 bytes"],
  ])("refuses %s", (_name, hex, message) => {
    const parse = () => new FrameParser().push(Buffer.from(hex, "hex"));
    expect(parse).toThrow(ProtocolError);
    expect(parse).toThrow(message);
  });

  it("fails only with ProtocolError, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 200 }), (bytes) => {
        try {
          new FrameParser().push(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});

function joined(frames: readonly Frame[]): readonly string[] {
  const lines: string[] = [];
  let data = "";
  for (const frame of frames) {
    if (frame.kind === "data") {
      data += frame.data.toString();
      if (frame.isLast) {
        lines.push(`data ${data} last`);
      }
    } else {
      lines.push("headerBlock" in frame ? `${frame.kind} ${frame.headerBlock}` : frame.kind);
    }
  }
  return lines;
}
