// SPDX-License-Identifier: Apache-2.0
// Turns the bytes of a layer or ACI as they arrive into the bytes of its tar. The format is told by the first bytes, never by
// a name or media type: both lie in practice.
import {
  constants,
  createGunzip,
  createZstdDecompress,
  type Gunzip,
  type ZstdDecompress,
} from "node:zlib";
import { InvalidArchiveError, UnsupportedError } from "../../errors.ts";
import type { UnpackLimits } from "./limits.ts";

export type Compression = "none" | "gzip" | "zstd";

/** Enough to tell xz, whose magic is the longest. */
const MAGIC_BYTES = 6;
const CHUNK_BYTES = 256 * 1024;

/** Several gzip members or zstd frames one after another are one content, as are skippable frames between them. */
export class Decompressor {
  readonly #sink: (content: Buffer) => void;
  readonly #limits: UnpackLimits;
  #first = Buffer.alloc(0);
  #compression: Compression | undefined;
  #stream: Gunzip | ZstdDecompress | undefined;
  #failure: unknown;
  #inBytes = 0;
  #outBytes = 0;

  /** `sink` gets the content synchronously; what it throws comes out of `write` or `finish`. */
  constructor(sink: (content: Buffer) => void, limits: UnpackLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** "none" until enough has arrived to tell. */
  get compression(): Compression {
    return this.#compression ?? "none";
  }

  async write(chunk: Buffer): Promise<void> {
    this.#inBytes += chunk.length;
    if (this.#compression === undefined) {
      this.#first = Buffer.concat([this.#first, chunk]);
      if (this.#first.length < MAGIC_BYTES) {
        return;
      }
      await this.#begin();
      return;
    }
    await this.#pass(chunk);
  }

  /** Throws InvalidArchiveError when the compressed data are cut. */
  async finish(): Promise<void> {
    if (this.#compression === undefined) {
      await this.#begin();
    }
    const stream = this.#stream;
    if (stream !== undefined) {
      await this.#settled((done) => {
        stream.once("end", done);
        stream.end();
      });
    }
  }

  /** Frees the decompressor's memory when the work was given up. */
  destroy(): void {
    this.#stream?.destroy();
  }

  async #begin(): Promise<void> {
    this.#compression = compressionOf(this.#first);
    this.#stream = this.#open(this.#compression);
    const first = this.#first;
    this.#first = Buffer.alloc(0);
    await this.#pass(first);
  }

  #open(compression: Compression): Gunzip | ZstdDecompress | undefined {
    if (compression === "none") {
      return undefined;
    }
    const stream =
      compression === "gzip"
        ? createGunzip({ chunkSize: CHUNK_BYTES })
        : createZstdDecompress({
            chunkSize: CHUNK_BYTES,
            // 128 MiB, what `zstd --ultra` needs at most: a frame that asks for more is refused.
            params: { [constants.ZSTD_d_windowLogMax]: 27 },
          });
    stream.on("data", (content: Buffer) => {
      try {
        this.#out(content);
      } catch (error) {
        this.#failure ??= error;
        stream.destroy();
      }
    });
    stream.on("error", (error) => {
      this.#failure ??= new InvalidArchiveError(
        `Cannot unpack image: damaged or cut ${compression} data: ${error.message}`,
        { cause: error },
      );
    });
    return stream;
  }

  async #pass(chunk: Buffer): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined) {
      this.#out(chunk);
      return;
    }
    await this.#settled((done) => stream.write(chunk, () => done()));
  }

  /** Waits for the stream, or for the failure that ends it. */
  async #settled(start: (done: () => void) => void): Promise<void> {
    const stream = this.#stream;
    if (this.#failure === undefined && stream !== undefined) {
      await new Promise<void>((resolve) => {
        const settle = () => {
          stream.removeListener("close", settle);
          stream.removeListener("error", settle);
          resolve();
        };
        stream.once("close", settle);
        stream.once("error", settle);
        start(settle);
      });
    }
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
  }

  #out(content: Buffer): void {
    this.#outBytes += content.length;
    const { maxRatio, ratioFloorBytes } = this.#limits;
    if (this.#outBytes > ratioFloorBytes && this.#outBytes > this.#inBytes * maxRatio) {
      throw new InvalidArchiveError(
        `Cannot unpack image: ${this.#inBytes} bytes of it became more than ${this.#outBytes}, the ratio allowed is ${maxRatio}`,
      );
    }
    this.#sink(content);
  }
}

function compressionOf(first: Buffer): Compression {
  if (first[0] === 0x1f && first[1] === 0x8b) {
    return "gzip";
  }
  const magic = first.length >= 4 ? first.readUInt32LE(0) : 0;
  // RFC 8878: frames, and skippable frames 0x184D2A50 to 0x184D2A5F, which may come first.
  if (magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
    return "zstd";
  }
  for (const [name, bytes] of [
    ["xz", "fd377a585a00"],
    ["bzip2", "425a68"],
  ] as const) {
    if (first.toString("hex").startsWith(bytes)) {
      throw new UnsupportedError(
        `Cannot unpack image: it is compressed with ${name}, expected gzip, zstd or no compression`,
      );
    }
  }
  return "none";
}
