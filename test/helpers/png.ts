// SPDX-License-Identifier: Apache-2.0
// Reads the pixels of a PNG as browsers write them: 8 bits a channel, colours with or without transparency, not interlaced.
import { inflateSync } from "node:zlib";

export interface Image {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of a pixel. */
  pixel(x: number, y: number): readonly [number, number, number];
}

export function readPng(png: Buffer): Image {
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const [depth, kind, , , interlaced] = png.subarray(24, 29);
  const channels = kind === 6 ? 4 : 3;
  if (depth !== 8 || (kind !== 6 && kind !== 2) || interlaced !== 0) {
    throw new Error(`Cannot read PNG: depth ${depth}, kind ${kind}, interlaced ${interlaced}`);
  }
  const stride = width * channels;
  const rows = unfilter(inflateSync(chunks(png, "IDAT")), stride, channels);
  return {
    width,
    height,
    pixel: (x, y) => {
      const at = y * stride + x * channels;
      return [rows[at] ?? 0, rows[at + 1] ?? 0, rows[at + 2] ?? 0];
    },
  };
}

function chunks(png: Buffer, wanted: string): Buffer {
  const found: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === wanted) {
      found.push(png.subarray(at + 8, at + 8 + length));
    }
    at += length + 12;
  }
  return Buffer.concat(found);
}

/** PNG specification, "Filtering": each row begins with how its bytes were made from their neighbours. */
function unfilter(data: Buffer, stride: number, channels: number): Buffer {
  const rows = Buffer.alloc((data.length / (stride + 1)) * stride);
  for (let from = 0, to = 0; from < data.length; from += stride + 1, to += stride) {
    const filter = data[from];
    for (let index = 0; index < stride; index += 1) {
      const left = index < channels ? 0 : (rows[to + index - channels] ?? 0);
      const up = to === 0 ? 0 : (rows[to + index - stride] ?? 0);
      const corner = to === 0 || index < channels ? 0 : (rows[to + index - stride - channels] ?? 0);
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter ?? 0] ?? 0;
      rows[to + index] = (data[from + 1 + index] ?? 0) + guess;
    }
  }
  return rows;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(guess - value));
  if (a === undefined || b === undefined || c === undefined) return 0;
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
