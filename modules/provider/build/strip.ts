// SPDX-License-Identifier: Apache-2.0
// Removes symbols and debug information from a program, as strip(1) does. Ours, so that the bytes do not depend on the
// binutils of the workstation, and the digest can be locked.

import { malformed, PT_LOAD, parseSegments, read } from "./elf.ts";

const SHF_ALLOC = 2n;
const SHT_STRTAB = 3;
const HEADER_SIZE = 64;
const NAMES = ".shstrtab";

/**
 * The program without everything that is not loaded. Linkers put that last, so what stays keeps its place in the file
 * and its section number; a file where it is not so is refused.
 */
export function stripElf(bytes: Buffer, origin: string): Buffer {
  const end = Math.max(
    ...parseSegments(bytes, origin)
      .filter(({ type }) => type === PT_LOAD)
      .map(({ offset, fileSize }) => offset + fileSize),
  );
  const sections = parseSections(bytes, origin);
  const loaded = sections.findIndex(({ index, flags }) => index > 0 && (flags & SHF_ALLOC) === 0n);
  const kept = loaded === -1 ? sections : sections.slice(0, loaded);
  if (sections.slice(kept.length).some(({ flags }) => (flags & SHF_ALLOC) !== 0n)) {
    throw malformed(origin, "loaded sections after others");
  }
  const names = nameTable(kept.map(({ name }) => name));
  const tableOffset = align(end + names.text.length);
  const table = Buffer.alloc((kept.length + 1) * HEADER_SIZE);
  kept.forEach(({ header }, index) => {
    header.copy(table, index * HEADER_SIZE);
    table.writeUInt32LE(names.offsets[index] ?? 0, index * HEADER_SIZE);
  });
  const last = kept.length * HEADER_SIZE;
  table.writeUInt32LE(names.offsets[kept.length] ?? 0, last);
  table.writeUInt32LE(SHT_STRTAB, last + 4);
  table.writeBigUInt64LE(BigInt(end), last + 24);
  table.writeBigUInt64LE(BigInt(names.text.length), last + 32);
  table.writeBigUInt64LE(1n, last + 48);

  const result = Buffer.alloc(tableOffset + table.length);
  bytes.copy(result, 0, 0, end);
  names.text.copy(result, end);
  table.copy(result, tableOffset);
  result.writeBigUInt64LE(BigInt(tableOffset), 40);
  result.writeUInt16LE(kept.length + 1, 60);
  result.writeUInt16LE(kept.length, 62);
  return result;
}

interface Section {
  readonly index: number;
  readonly name: string;
  readonly flags: bigint;
  readonly header: Buffer;
}

function parseSections(bytes: Buffer, origin: string): readonly Section[] {
  const table = read(bytes, 40, 8, origin);
  const count = read(bytes, 60, 2, origin);
  const namesIndex = read(bytes, 62, 2, origin);
  if (read(bytes, 58, 2, origin) !== HEADER_SIZE || table + count * HEADER_SIZE > bytes.length) {
    throw malformed(origin, "no usable section headers");
  }
  const header = (index: number) =>
    bytes.subarray(table + index * HEADER_SIZE, table + (index + 1) * HEADER_SIZE);
  const names = read(header(namesIndex), 24, 8, origin);
  return Array.from({ length: count }, (_, index) => {
    const start = names + read(header(index), 0, 4, origin);
    const end = bytes.indexOf(0, start);
    return {
      index,
      name: bytes.toString("latin1", start, end === -1 ? start : end),
      flags: header(index).readBigUInt64LE(8),
      header: header(index),
    };
  });
}

function nameTable(names: readonly string[]): { text: Buffer; offsets: readonly number[] } {
  const all = [...names, NAMES];
  const offsets: number[] = [];
  let text = "\0";
  for (const name of all) {
    offsets.push(name === "" ? 0 : text.length);
    text += name === "" ? "" : `${name}\0`;
  }
  return { text: Buffer.from(text, "latin1"), offsets };
}

function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}
