// SPDX-License-Identifier: Apache-2.0
// Small ELF files, written field by field, for the tests of those who read and change them.

export interface ElfFixture {
  readonly machine?: number;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
  readonly runPath?: string;
  /** Bytes after what is loaded, as symbols and debug information are. */
  readonly unloaded?: Buffer;
}

const BASE = 0x400000;
const HEADERS = 64 + 3 * 56;

/** A program with one loaded segment: headers, interpreter, strings, dynamic section. */
export function elfFile(fixture: ElfFixture): Buffer {
  const names = [...(fixture.needed ?? []), fixture.runPath ?? ""];
  const strings = Buffer.from(`\0${names.map((name) => `${name}\0`).join("")}`, "latin1");
  const offsetOf = (name: string) => strings.indexOf(`\0${name}\0`) + 1;
  const interpreter = Buffer.from(`${fixture.interpreter ?? ""}\0`, "latin1");
  const stringsAt = HEADERS + interpreter.length;
  const dynamicAt = stringsAt + strings.length;
  const tags: [number, number][] = [
    ...(fixture.needed ?? []).map((name): [number, number] => [1, offsetOf(name)]),
    ...(fixture.runPath === undefined ? [] : [[29, offsetOf(fixture.runPath)] as [number, number]]),
    [5, BASE + stringsAt],
    [0, 0],
  ];
  const dynamic = Buffer.alloc(tags.length * 16);
  tags.forEach(([tag, value], index) => {
    dynamic.writeBigUInt64LE(BigInt(tag), index * 16);
    dynamic.writeBigUInt64LE(BigInt(value), index * 16 + 8);
  });
  const end = dynamicAt + dynamic.length;
  const unloaded = fixture.unloaded ?? Buffer.alloc(0);
  const sections = sectionTable(end, unloaded);
  const header = fileHeader(fixture.machine ?? 62, end + unloaded.length + sections.names.length);
  const segments = Buffer.concat([
    programHeader(1, 0, end),
    programHeader(2, dynamicAt, dynamic.length),
    fixture.interpreter === undefined
      ? programHeader(0, 0, 0)
      : programHeader(3, HEADERS, interpreter.length),
  ]);
  return Buffer.concat([
    header,
    segments,
    interpreter,
    strings,
    dynamic,
    unloaded,
    sections.names,
    sections.table,
  ]);
}

function fileHeader(machine: number, sectionsAt: number): Buffer {
  const header = Buffer.alloc(64);
  header.write("\x7fELF\x02\x01\x01", "latin1");
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(machine, 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeBigUInt64LE(BigInt(sectionsAt), 40);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(3, 56);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(4, 60);
  header.writeUInt16LE(3, 62);
  return header;
}

function programHeader(type: number, offset: number, size: number): Buffer {
  const header = Buffer.alloc(56);
  header.writeUInt32LE(type, 0);
  header.writeBigUInt64LE(BigInt(offset), 8);
  header.writeBigUInt64LE(BigInt(BASE + offset), 16);
  header.writeBigUInt64LE(BigInt(size), 32);
  return header;
}

/** Sections: none, one that is loaded, one that is not, and their names. */
function sectionTable(end: number, unloaded: Buffer): { names: Buffer; table: Buffer } {
  const names = Buffer.from("\0.text\0.debug\0.shstrtab\0", "latin1");
  const section = (name: number, type: number, flags: bigint, offset: number, size: number) => {
    const header = Buffer.alloc(64);
    header.writeUInt32LE(name, 0);
    header.writeUInt32LE(type, 4);
    header.writeBigUInt64LE(flags, 8);
    header.writeBigUInt64LE(BigInt(offset), 24);
    header.writeBigUInt64LE(BigInt(size), 32);
    return header;
  };
  const table = Buffer.concat([
    Buffer.alloc(64),
    section(1, 1, 6n, HEADERS, end - HEADERS),
    section(7, 1, 0n, end, unloaded.length),
    section(14, 3, 0n, end + unloaded.length, names.length),
  ]);
  return { names, table };
}
