// SPDX-License-Identifier: Apache-2.0
// Where the files of an uncompressed tar archive begin: so that they can be served without unpacking it.

import type { FileHandle } from "node:fs/promises";

export interface TarEntry {
  readonly offset: number;
  readonly sizeBytes: number;
}

const BLOCK = 512;

/** Regular files by name. Throws if the archive is cut off or its headers are not those of a tar. */
export async function indexTar(file: FileHandle, origin: string): Promise<Map<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  const { size } = await file.stat();
  const header = Buffer.alloc(BLOCK);
  for (let offset = 0; ; ) {
    const { bytesRead } = await file.read(header, 0, BLOCK, offset);
    if (bytesRead === 0 && offset > 0) return entries;
    if (bytesRead < BLOCK) throw tarError(origin, `it ends at byte ${offset + bytesRead}`);
    if (header.every((byte) => byte === 0)) return entries;
    checkSum(header, origin, offset);
    const sizeBytes = octal(header, 124, 12, origin, offset);
    const type = header.toString("latin1", 156, 157);
    if (offset + BLOCK + sizeBytes > size) throw tarError(origin, `it ends at byte ${size}`);
    if (type === "0" || type === "\0") {
      entries.set(name(header), { offset: offset + BLOCK, sizeBytes });
    }
    offset += BLOCK + Math.ceil(sizeBytes / BLOCK) * BLOCK;
  }
}

function name(header: Buffer): string {
  const prefix = header.toString("latin1", 257, 262) === "ustar" ? text(header, 345, 155) : "";
  const base = text(header, 0, 100);
  return (prefix === "" ? base : `${prefix}/${base}`).replace(/^\.\//, "");
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end);
}

function octal(
  header: Buffer,
  start: number,
  length: number,
  origin: string,
  offset: number,
): number {
  const digits = text(header, start, length).trim();
  if (!/^[0-7]{1,12}$/.test(digits)) {
    throw tarError(origin, `it has a header without a size at byte ${offset}`);
  }
  return Number.parseInt(digits, 8);
}

function checkSum(header: Buffer, origin: string, offset: number): void {
  const wanted = octal(header, 148, 8, origin, offset);
  const found = header.reduce(
    (sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : byte),
    0,
  );
  if (found !== wanted) throw tarError(origin, `its header at byte ${offset} is damaged`);
}

function tarError(origin: string, reason: string): Error {
  return new Error(`Cannot read archive "${origin}": ${reason}`);
}
