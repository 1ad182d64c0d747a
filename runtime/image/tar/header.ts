// SPDX-License-Identifier: Apache-2.0
// One block of a tar header: ustar (POSIX.1-1988) with the numbers of GNU tar (base 256), and pax records (POSIX.1-2001).
import { InvalidArchiveError } from "../../errors.ts";
import { BLOCK_BYTES } from "./entry.ts";

/** The fields of a header block, before pax records and long names are applied. */
export interface RawHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  /** The type flag as it stands in the archive: "0", "5", "x", … */
  readonly type: string;
  readonly linkName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** Throws InvalidArchiveError when the checksum is wrong or a number is none. */
export function decodeHeader(block: Buffer): RawHeader {
  const stored = number(block, 148, 8);
  if (stored !== checksum(block)) {
    throw new InvalidArchiveError("Cannot read archive: damaged tar header, its checksum is wrong");
  }
  const isUstar = block.toString("latin1", 257, 262) === "ustar";
  const isPosix = isUstar && block[262] === 0;
  const prefix = isPosix ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  const flag = block[156] ?? 0;
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    sizeBytes: number(block, 124, 12),
    mtimeSeconds: number(block, 136, 12),
    type: flag === 0 ? "0" : String.fromCharCode(flag),
    linkName: text(block, 157, 100),
    deviceMajor: isUstar ? number(block, 329, 8) : 0,
    deviceMinor: isUstar ? number(block, 337, 8) : 0,
  };
}

/** `undefined` when the header does not fit ustar: then pax records have to say what does not. */
export function encodeHeader(header: RawHeader): Buffer | undefined {
  const split = splitName(header.name);
  const numbers = [
    [header.mode, 100, 8],
    [header.uid, 108, 8],
    [header.gid, 116, 8],
    [header.sizeBytes, 124, 12],
    [header.mtimeSeconds, 136, 12],
    [header.deviceMajor, 329, 8],
    [header.deviceMinor, 337, 8],
  ] as const;
  const fits = numbers.every(
    ([value, , width]) => Number.isInteger(value) && value >= 0 && value < 8 ** (width - 1),
  );
  if (split === undefined || header.linkName.length > 100 || !fits) {
    return undefined;
  }
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(split.name, 0, "latin1");
  for (const [value, offset, width] of numbers) {
    block.write(value.toString(8).padStart(width - 1, "0"), offset, "latin1");
  }
  block.write(header.type, 156, "latin1");
  block.write(header.linkName, 157, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  block.write(split.prefix, 345, "latin1");
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** Pax records: `LENGTH KEY=VALUE\n`, where LENGTH counts all of the record, itself too. */
export function encodePaxRecords(records: ReadonlyMap<string, string>): Buffer {
  const lines = [...records].map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) {
      length = String(length).length + rest.length;
    }
    return `${length}${rest}`;
  });
  return Buffer.from(lines.join(""), "latin1");
}

/** Keys and values as byte strings. */
export function decodePaxRecords(data: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  let offset = 0;
  while (offset < data.length) {
    const space = data.indexOf(0x20, offset);
    const length = space < 0 ? Number.NaN : Number(data.toString("latin1", offset, space));
    const end = offset + length;
    const equals = space < 0 ? -1 : data.indexOf(0x3d, space);
    const isRecord =
      Number.isInteger(length) &&
      end <= data.length &&
      equals > space &&
      equals < end &&
      data[end - 1] === 0x0a;
    if (!isRecord) {
      throw new InvalidArchiveError("Cannot read archive: damaged pax record");
    }
    records.set(
      data.toString("latin1", space + 1, equals),
      data.toString("latin1", equals + 1, end - 1),
    );
    offset = end;
  }
  return records;
}

function checksum(block: Buffer): number {
  let sum = 8 * 0x20; // the checksum field itself counts as blanks
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    if (index < 148 || index >= 156) {
      sum += block[index] ?? 0;
    }
  }
  return sum;
}

/** ustar has 100 bytes for the last part of a name and 155 for the directories before it. */
function splitName(path: string): { name: string; prefix: string } | undefined {
  if (path.length <= 100) {
    return { name: path, prefix: "" };
  }
  const slash = path.indexOf("/", path.length - 101);
  if (slash <= 0 || slash > 155 || slash === path.length - 1) {
    return undefined;
  }
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

function text(block: Buffer, offset: number, width: number): string {
  const field = block.subarray(offset, offset + width);
  const end = field.indexOf(0);
  return field.toString("latin1", 0, end < 0 ? width : end);
}

function number(block: Buffer, offset: number, width: number): number {
  const first = block[offset] ?? 0;
  if ((first & 0x80) !== 0) {
    return base256(block.subarray(offset, offset + width));
  }
  const digits = text(block, offset, width).trim();
  if (!/^[0-7]*$/.test(digits)) {
    throw new InvalidArchiveError("Cannot read archive: damaged tar header, a number is none");
  }
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

function base256(field: Buffer): number {
  const isNegative = ((field[0] ?? 0) & 0x40) !== 0;
  let value = 0n;
  field.forEach((byte, index) => {
    value = (value << 8n) | BigInt(index === 0 ? byte & 0x7f : byte);
  });
  const signed = isNegative ? value - (1n << BigInt(field.length * 8 - 1)) : value;
  if (signed > BigInt(Number.MAX_SAFE_INTEGER) || signed < -BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new InvalidArchiveError("Cannot read archive: a number in a tar header is too large");
  }
  return Number(signed);
}
