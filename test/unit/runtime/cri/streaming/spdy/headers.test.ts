// SPDX-License-Identifier: Apache-2.0
import { createDeflate, deflateSync, inflateSync, constants as zlib } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { SPDY_DICTIONARY } from "../../../../../../runtime/cri/streaming/spdy/dictionary.ts";
import { ProtocolError } from "../../../../../../runtime/cri/streaming/spdy/frames.ts";
import {
  formatHeaderBlock,
  HeaderInflater,
  HeaderPacker,
  parseHeaderBlock,
} from "../../../../../../runtime/cri/streaming/spdy/headers.ts";

describe("parseHeaderBlock()", () => {
  it("reads what formatHeaderBlock() writes", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z-]{1,20}$/), fc.stringMatching(/^[^\0]{0,40}$/u)),
        (headers) => {
          expect(Object.fromEntries(parseHeaderBlock(formatHeaderBlock(headers)))).toEqual({
            ...headers,
          });
        },
      ),
    );
  });

  it("takes the first of several values and names in lower case", () => {
    const parsed = parseHeaderBlock(formatHeaderBlock({ StreamType: "stdin\0stdout" }));
    expect([...parsed]).toEqual([["streamtype", "stdin"]]);
  });

  it.each([
    ["nothing", ""],
    ["fewer headers than it says", "00000002000000016100000001620000"],
    ["a name longer than itself", "00000001ffffffff61"],
    ["too many headers", "7fffffff"],
  ])("refuses %s", (_name, hex) => {
    expect(() => parseHeaderBlock(Buffer.from(hex, "hex"))).toThrow(ProtocolError);
  });
});

describe("HeaderInflater", () => {
  it("unpacks block after block of one stream", () => {
    const inflater = new HeaderInflater();
    const packer = new HeaderPacker();
    for (const text of ["first", "second", "", "third"]) {
      expect(String(inflater.unpack(packer.pack(Buffer.from(text))))).toBe(text);
    }
  });

  it("knows the dictionary", () => {
    const inflater = new HeaderInflater();
    const packed = deflateSync("accept-encoding", {
      dictionary: SPDY_DICTIONARY,
      finishFlush: zlib.Z_SYNC_FLUSH,
    });
    expect(String(inflater.unpack(packed))).toBe("accept-encoding");
  });

  it("unpacks what a compressor writes that looks back over all that it has written", async () => {
    const inflater = new HeaderInflater();
    const deflate = createDeflate({ dictionary: SPDY_DICTIONARY });
    const chunks: Buffer[] = [];
    deflate.on("data", (chunk: Buffer) => chunks.push(chunk));
    // More than the window in all, each block like the one before but for a number.
    for (let index = 0; index < 60; index += 1) {
      const text = `accept-encoding ${index} `.repeat(50);
      deflate.write(text);
      await new Promise<void>((done) => deflate.flush(zlib.Z_SYNC_FLUSH, done));
      expect(String(inflater.unpack(Buffer.concat(chunks.splice(0))))).toBe(text);
    }
    deflate.destroy();
  });

  it("refuses damage and bombs", () => {
    for (const wrong of [
      Buffer.alloc(0),
      Buffer.from("no zlib"),
      Buffer.from("7801ffffff", "hex"),
    ]) {
      expect(() => new HeaderInflater().unpack(wrong)).toThrow(ProtocolError);
    }
    const bomb = deflateSync(Buffer.alloc(50_000_000), { finishFlush: zlib.Z_SYNC_FLUSH });
    expect(() => new HeaderInflater().unpack(bomb)).toThrow("unpacks to more than 65536 bytes");
  });
});

describe("HeaderPacker", () => {
  it("ends each block as Z_SYNC_FLUSH does, which Go's reader needs", () => {
    const packer = new HeaderPacker();
    for (const text of ["a", "b"]) {
      expect(packer.pack(Buffer.from(text)).subarray(-5).toString("hex")).toBe("000000ffff");
    }
  });

  it("writes what every zlib reads", () => {
    const packer = new HeaderPacker();
    const packed = Buffer.concat([packer.pack(Buffer.from("a")), packer.pack(Buffer.from("b"))]);
    expect(String(inflateSync(packed, { finishFlush: zlib.Z_SYNC_FLUSH }))).toBe("ab");
  });
});
