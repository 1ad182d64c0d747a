// SPDX-License-Identifier: Apache-2.0
// Tar headers as our image writer makes them: the same entry always gives the same bytes. ustar where it suffices, otherwise
// a pax header before it. Also says how many bytes that will be, so that sizes are known before anything is written.
import { BLOCK_BYTES, paddedSize, type TarEntry, type TarKind } from "./entry.ts";
import { encodeHeader, encodePaxRecords, type RawHeader } from "./header.ts";

const TYPES: Readonly<Record<TarKind, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
};

/** Two empty blocks. */
export const END_OF_ARCHIVE: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

/** All header blocks of an entry: what stands before its content. */
export function headerBlocks(entry: TarEntry): Buffer {
  const header = rawHeader(entry);
  const plain = entry.xattrs.size === 0 ? encodeHeader(header) : undefined;
  if (plain !== undefined) {
    return plain;
  }
  const records = paxRecords(entry, header);
  const body = encodePaxRecords(records);
  const extension = encodeHeader({
    ...emptyHeader,
    name: "PaxHeaders/entry",
    type: "x",
    sizeBytes: body.length,
  });
  const main = encodeHeader({
    ...header,
    name: shortened(header.name),
    linkName: header.linkName.slice(0, 100),
    uid: records.has("uid") ? 0 : header.uid,
    gid: records.has("gid") ? 0 : header.gid,
    sizeBytes: records.has("size") ? 0 : header.sizeBytes,
    mtimeSeconds: records.has("mtime") ? 0 : header.mtimeSeconds,
  });
  if (extension === undefined || main === undefined) {
    throw new TypeError(`Unexpected tar entry: ${JSON.stringify(header)}`);
  }
  return Buffer.concat([
    extension,
    body,
    Buffer.alloc(paddedSize(body.length) - body.length),
    main,
  ]);
}

/** Bytes of an entry in the archive: headers, content and padding. */
export function entrySize(entry: TarEntry): number {
  return headerBlocks(entry).length + paddedSize(entry.sizeBytes);
}

/** Zero bytes that fill the last block of content of this size. */
export function padding(sizeBytes: number): Buffer {
  return Buffer.alloc(paddedSize(sizeBytes) - sizeBytes);
}

const emptyHeader: RawHeader = {
  name: "",
  mode: 0o644,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtimeSeconds: 0,
  type: "0",
  linkName: "",
  deviceMajor: 0,
  deviceMinor: 0,
};

function rawHeader(entry: TarEntry): RawHeader {
  const isOpenDirectory = entry.kind === "directory" && !entry.path.endsWith("/");
  return {
    name: isOpenDirectory ? `${entry.path}/` : entry.path,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    sizeBytes: entry.sizeBytes,
    mtimeSeconds: entry.mtimeSeconds,
    type: TYPES[entry.kind],
    linkName: entry.linkTarget,
    deviceMajor: entry.deviceMajor,
    deviceMinor: entry.deviceMinor,
  };
}

/** What does not fit into ustar, in a fixed order. */
function paxRecords(entry: TarEntry, header: RawHeader): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  if (encodeHeader({ ...emptyHeader, name: header.name }) === undefined) {
    records.set("path", header.name);
  }
  if (header.linkName.length > 100) {
    records.set("linkpath", header.linkName);
  }
  if (header.sizeBytes >= 8 ** 11) {
    records.set("size", String(header.sizeBytes));
  }
  for (const key of ["uid", "gid"] as const) {
    if (header[key] >= 8 ** 7) {
      records.set(key, String(header[key]));
    }
  }
  if (!Number.isInteger(header.mtimeSeconds) || header.mtimeSeconds < 0) {
    records.set("mtime", String(header.mtimeSeconds));
  }
  for (const [name, value] of [...entry.xattrs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    records.set(`SCHILY.xattr.${name}`, Buffer.from(value).toString("latin1"));
  }
  return records;
}

function shortened(name: string): string {
  return encodeHeader({ ...emptyHeader, name }) === undefined
    ? name.slice(-100).replace(/^\/+/, "")
    : name;
}
