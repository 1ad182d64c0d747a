// SPDX-License-Identifier: Apache-2.0
// What a tar archive holds, for the reader, the writer and whoever unpacks. Names are *byte strings*: one character for each
// byte (latin1), because archives and Linux hold bytes, not text.

/** Kinds of entries that images use. Others are refused by the reader. */
export type TarKind =
  | "file"
  | "directory"
  | "symlink"
  | "hardlink"
  | "character-device"
  | "block-device"
  | "fifo";

export interface TarEntry {
  /** As it is written in the archive, with whatever slashes and dots it has. */
  readonly path: string;
  readonly kind: TarKind;
  /** Where a symlink or hard link leads; empty otherwise. */
  readonly linkTarget: string;
  /** Permissions with setuid, setgid and sticky bit. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow; 0 for everything but files. */
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Names are text, values bytes (SCHILY.xattr records). */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** What an entry has that nobody described: it belongs to root, is dated 1970, and holds and names nothing. */
export const PLAIN_ENTRY = {
  linkTarget: "",
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtimeSeconds: 0,
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: new Map<string, Uint8Array>(),
} as const;

export const BLOCK_BYTES = 512;

/** Content is padded to whole blocks. */
export function paddedSize(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Text to byte string. */
export function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** A byte string for a message: readable, on one line, not longer than a message may be. */
export function display(path: string): string {
  const text = Buffer.from(path, "latin1").toString("utf8");
  const clean = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to go
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean;
}
