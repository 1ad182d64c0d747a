// SPDX-License-Identifier: Apache-2.0
// Reads what the dynamic loader reads of a program or library: its interpreter and the libraries that it asks for. A
// parser of files from packages: every offset is checked, because a Buffer throws on reads past its end only for
// numbers, and a wrong length would silently give less.

import type { Architecture } from "../../artifacts/artifact.ts";
import { ArtifactError } from "./artifact-error.ts";

/** A 64-bit little-endian ELF file, as far as linking goes. */
export interface ElfFile {
  readonly architecture: Architecture;
  /** The loader; undefined for libraries and for static programs. */
  readonly interpreter: string | undefined;
  /** Sonames of the libraries that it asks for, in order. */
  readonly needed: readonly string[];
  /** DT_RUNPATH or DT_RPATH. */
  readonly runPath: string | undefined;
}

/** One program header. */
export interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
}

export const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
const MACHINES: Readonly<Record<number, Architecture>> = { 62: "amd64", 183: "arm64" };

/** Whether a file is ELF at all. */
export function isElf(bytes: Buffer): boolean {
  return bytes.subarray(0, 4).equals(Buffer.from("\x7fELF", "latin1"));
}

/** Parses an ELF file; `origin` is for the error. */
export function parseElf(bytes: Buffer, origin: string): ElfFile {
  const segments = parseSegments(bytes, origin);
  const machine = read(bytes, 18, 2, origin);
  const architecture = MACHINES[machine];
  if (architecture === undefined) {
    throw malformed(origin, `machine ${machine}, wanted x86-64 or AArch64`);
  }
  const interp = segments.find((segment) => segment.type === PT_INTERP);
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  const tags = dynamic === undefined ? [] : parseDynamic(bytes, dynamic, origin);
  const strings = tags.find(({ tag }) => tag === DT_STRTAB)?.value;
  const text = (value: number) => {
    if (strings === undefined) {
      throw malformed(origin, "names without a string table");
    }
    return readText(bytes, fileOffset(segments, strings, origin) + value, origin);
  };
  const runPath = tags.find(({ tag }) => tag === DT_RUNPATH || tag === DT_RPATH)?.value;
  return {
    architecture,
    interpreter: interp === undefined ? undefined : readText(bytes, interp.offset, origin),
    needed: tags.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => text(value)),
    runPath: runPath === undefined ? undefined : text(runPath),
  };
}

/** The program headers, after checking that this is a file we know. */
export function parseSegments(bytes: Buffer, origin: string): readonly Segment[] {
  if (!isElf(bytes)) {
    throw malformed(origin, "no ELF file");
  }
  if (bytes[4] !== 2 || bytes[5] !== 1) {
    throw malformed(origin, "not 64-bit little-endian");
  }
  const table = read(bytes, 32, 8, origin);
  const size = read(bytes, 54, 2, origin);
  const count = read(bytes, 56, 2, origin);
  if (size < 56 && count > 0) {
    throw malformed(origin, `program headers of ${size} bytes, wanted 56`);
  }
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * size;
    return {
      type: read(bytes, at, 4, origin),
      offset: read(bytes, at + 8, 8, origin),
      address: read(bytes, at + 16, 8, origin),
      fileSize: read(bytes, at + 32, 8, origin),
    };
  });
}

/** An unsigned number; 8 bytes must fit a double, which every real offset does. */
export function read(bytes: Buffer, offset: number, size: 2 | 4 | 8, origin: string): number {
  if (offset < 0 || offset + size > bytes.length) {
    throw malformed(origin, `truncated at byte ${bytes.length}`);
  }
  if (size !== 8) {
    return bytes.readUIntLE(offset, size);
  }
  const value = Number(bytes.readBigUInt64LE(offset));
  if (!Number.isSafeInteger(value)) {
    throw malformed(origin, `offset ${value} out of range`);
  }
  return value;
}

/** The error of every ELF reader. */
export function malformed(origin: string, reason: string): ArtifactError {
  return new ArtifactError(`Cannot read ELF file ${origin}: ${reason}`);
}

function parseDynamic(
  bytes: Buffer,
  segment: Segment,
  origin: string,
): readonly { tag: number; value: number }[] {
  const tags: { tag: number; value: number }[] = [];
  for (let at = segment.offset; at < segment.offset + segment.fileSize; at += 16) {
    // Values of tags that we do not ask for may be anything, flags for example, so they are read as they come.
    if (at + 16 > bytes.length) {
      throw malformed(origin, `truncated at byte ${bytes.length}`);
    }
    const tag = Number(bytes.readBigUInt64LE(at));
    if (tag === DT_NULL) {
      break;
    }
    tags.push({ tag, value: Number(bytes.readBigUInt64LE(at + 8)) });
  }
  return tags;
}

/** Addresses in the dynamic section are of memory; segments say where in the file that is. */
function fileOffset(segments: readonly Segment[], address: number, origin: string): number {
  const segment = segments.find(
    ({ type, address: start, fileSize }) =>
      type === PT_LOAD && address >= start && address < start + fileSize,
  );
  if (segment === undefined) {
    throw malformed(origin, `address ${address} is in no segment`);
  }
  return segment.offset + address - segment.address;
}

function readText(bytes: Buffer, offset: number, origin: string): string {
  const end = offset < bytes.length ? bytes.indexOf(0, offset) : -1;
  if (offset < 0 || end === -1) {
    throw malformed(origin, `unterminated name at byte ${offset}`);
  }
  return bytes.toString("utf8", offset, end);
}
