// SPDX-License-Identifier: Apache-2.0
// Header blocks of SPDY/3 (draft, section 2.6.10): names and values, compressed in one zlib stream for the whole connection.
import { inflateRawSync, constants as zlibConstants } from "node:zlib";
import { errnoOf } from "../../../system/kernel.ts";
import { SPDY_DICTIONARY } from "./dictionary.ts";
import { ProtocolError } from "./frames.ts";

export type Headers = ReadonlyMap<string, string>;

/** What a block may be when it is unpacked: a few hundred bytes are usual, more is a bomb. */
const MAX_BLOCK_BYTES = 65536;
const MAX_HEADERS = 100;
/** How far back DEFLATE may point. */
const WINDOW_BYTES = 32 * 1024;
/** Length of a stored block of DEFLATE. */
const MAX_STORED_BYTES = 0xffff;
/**
 * An empty block, as zlib's Z_SYNC_FLUSH writes it. Go's reader gives out what it has only when it meets one; without it
 * the first header block is read, and every later one is an unexpected end.
 */
const FLUSH = Buffer.from("000000ffff", "hex");

/** Names in lower case; of several values of one name the first. Throws ProtocolError. */
export function parseHeaderBlock(block: Buffer): Headers {
  let offset = 0;
  const number = (): number => {
    if (offset + 4 > block.length) {
      throw new ProtocolError("Header block ends too early");
    }
    const value = block.readUInt32BE(offset);
    offset += 4;
    return value;
  };
  const text = (): string => {
    const length = number();
    if (length > block.length - offset) {
      throw new ProtocolError(`Header block ends too early: ${length} bytes were promised`);
    }
    offset += length;
    return block.toString("utf8", offset - length, offset);
  };
  const count = number();
  if (count > MAX_HEADERS) {
    throw new ProtocolError(`Header block has ${count} headers, at most ${MAX_HEADERS}`);
  }
  return new Map(
    Array.from({ length: count }, () => {
      const name = text().toLowerCase();
      const [value = ""] = text().split("\0");
      return [name, value];
    }),
  );
}

export function formatHeaderBlock(headers: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(headers);
  return Buffer.concat([
    number32(entries.length),
    ...entries.flatMap(([name, value]) => [sized(name.toLowerCase()), sized(value)]),
  ]);
}

/**
 * Unpacks the blocks of a connection, one after the other, and each at once: Node's streams of zlib work in the threads that
 * files are read and synced in, and on a slow disk a client waited longer for its streams than clients do (30 s).
 *
 * Each block ends at a byte (Z_SYNC_FLUSH), so it can be unpacked by itself when what came before it is its dictionary.
 */
export class HeaderInflater {
  #history: Buffer | undefined;

  unpack(block: Buffer): Buffer {
    const packed = this.#history === undefined ? this.#begin(block) : block;
    const dictionary = this.#history ?? Buffer.alloc(0);
    const unpacked = inflateBlock(packed, dictionary);
    this.#history = Buffer.concat([dictionary, unpacked]).subarray(-WINDOW_BYTES);
    return unpacked;
  }

  /** The stream's own header (RFC 1950, 2.2): deflate, and whether it begins with the dictionary. */
  #begin(block: Buffer): Buffer {
    const header = block.length < 2 ? 0 : block.readUInt16BE(0);
    if ((header >> 8) % 16 !== 8 || header % 31 !== 0) {
      throw new ProtocolError("Header block is damaged: it does not begin as a zlib stream");
    }
    const hasDictionary = (header & 0x20) !== 0;
    this.#history = hasDictionary ? SPDY_DICTIONARY : Buffer.alloc(0);
    return block.subarray(hasDictionary ? 6 : 2);
  }
}

function inflateBlock(packed: Buffer, dictionary: Buffer): Buffer {
  try {
    return inflateRawSync(packed, {
      finishFlush: zlibConstants.Z_SYNC_FLUSH,
      maxOutputLength: MAX_BLOCK_BYTES,
      ...(dictionary.length === 0 ? {} : { dictionary }),
    });
  } catch (cause) {
    throw new ProtocolError(
      errnoOf(cause) === "ERR_BUFFER_TOO_LARGE"
        ? `Header block unpacks to more than ${MAX_BLOCK_BYTES} bytes`
        : `Header block is damaged: ${String(cause)}`,
    );
  }
}

/** Packs blocks without making them smaller (stored blocks, RFC 1951 3.2.4): what we send is four bytes long. */
export class HeaderPacker {
  #hasBegun = false;

  pack(block: Buffer): Buffer {
    if (block.length > MAX_STORED_BYTES) {
      throw new ProtocolError(
        `Header block has ${block.length} bytes, at most ${MAX_STORED_BYTES}`,
      );
    }
    const lengths = Buffer.alloc(5);
    lengths.writeUInt16LE(block.length, 1);
    lengths.writeUInt16LE(block.length ^ 0xffff, 3);
    // RFC 1950: deflate, 32 KiB window, no preset dictionary, which stored blocks have no use for
    const begin = this.#hasBegun ? Buffer.alloc(0) : Buffer.of(0x78, 0x01);
    this.#hasBegun = true;
    return Buffer.concat([begin, lengths, block, FLUSH]);
  }
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([number32(bytes.length), bytes]);
}
