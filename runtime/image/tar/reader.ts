// SPDX-License-Identifier: Apache-2.0
// Reads a tar archive that arrives in pieces, without holding it: the caller pushes chunks as they come and is told of
// entries and their content at once, synchronously. ustar, pax and GNU long names; sparse files are refused.
import { InvalidArchiveError, UnsupportedError } from "../../errors.ts";
import { BLOCK_BYTES, display, paddedSize, type TarEntry, type TarKind } from "./entry.ts";
import { decodeHeader, decodePaxRecords, type RawHeader } from "./header.ts";

/** Told in order: entry, its content in pieces (views of the pushed chunks, to be used at once), its end. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  data(chunk: Buffer): void;
  end(): void;
}

/** Long names and pax records are held in memory; nothing that an image needs comes near this. */
const MAX_EXTENSION_BYTES = 1024 * 1024;
const MAX_PATH_BYTES = 4096;

const KINDS: Readonly<Record<string, TarKind>> = {
  "0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "directory",
  "6": "fifo",
};

export class TarReader {
  readonly #handler: TarHandler;
  /** Bytes of an incomplete header block. */
  #block = Buffer.alloc(BLOCK_BYTES);
  #blockFilled = 0;
  /** What the bytes after the header are. */
  #body: "none" | "content" | "extension" | "padding" = "none";
  #remaining = 0;
  #padding = 0;
  #extension: { readonly type: string; readonly parts: Buffer[] } = { type: "", parts: [] };
  #pax: ReadonlyMap<string, string> = new Map();
  #longName: string | undefined;
  #longLink: string | undefined;
  #zeroBlocks = 0;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  /** After the end mark of the archive the rest is ignored, as every tar does. */
  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length && this.#zeroBlocks < 2) {
      offset +=
        this.#body === "none"
          ? this.#pushHeader(chunk, offset)
          : this.#pushBody(chunk.subarray(offset, offset + this.#remaining));
    }
  }

  /** Throws InvalidArchiveError when the archive stops in the middle of an entry. */
  finish(): void {
    const isCut =
      this.#body !== "none" ||
      (this.#zeroBlocks < 2 && this.#blockFilled > 0) ||
      this.#longName !== undefined ||
      this.#longLink !== undefined ||
      this.#pax.size > 0;
    if (isCut) {
      throw new InvalidArchiveError("Cannot read archive: it ends in the middle of an entry");
    }
  }

  #pushHeader(chunk: Buffer, offset: number): number {
    const taken = Math.min(BLOCK_BYTES - this.#blockFilled, chunk.length - offset);
    chunk.copy(this.#block, this.#blockFilled, offset, offset + taken);
    this.#blockFilled += taken;
    if (this.#blockFilled === BLOCK_BYTES) {
      this.#blockFilled = 0;
      this.#header(this.#block);
    }
    return taken;
  }

  #header(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.#zeroBlocks += 1;
      return;
    }
    this.#zeroBlocks = 0;
    const header = decodeHeader(block);
    if (header.sizeBytes < 0) {
      throw new InvalidArchiveError("Cannot read archive: an entry has a negative size");
    }
    if (["x", "g", "L", "K"].includes(header.type)) {
      this.#beginExtension(header);
      return;
    }
    const entry = this.#entryOf(header);
    this.#pax = new Map();
    this.#longName = undefined;
    this.#longLink = undefined;
    this.#handler.entry(entry);
    this.#beginBody("content", entry.sizeBytes);
  }

  #beginExtension(header: RawHeader): void {
    if (header.sizeBytes > MAX_EXTENSION_BYTES) {
      throw new InvalidArchiveError(
        `Cannot read archive: a name or pax record has ${header.sizeBytes} bytes, at most ${MAX_EXTENSION_BYTES} are allowed`,
      );
    }
    this.#extension = { type: header.type, parts: [] };
    this.#beginBody("extension", header.sizeBytes);
  }

  #beginBody(body: "content" | "extension", sizeBytes: number): void {
    this.#body = body;
    this.#remaining = sizeBytes;
    this.#padding = paddedSize(sizeBytes) - sizeBytes;
    if (sizeBytes === 0) {
      this.#endBody();
    }
  }

  #pushBody(part: Buffer): number {
    if (this.#body === "content") {
      this.#handler.data(part);
    } else if (this.#body === "extension") {
      this.#extension.parts.push(Buffer.from(part));
    }
    this.#remaining -= part.length;
    if (this.#remaining === 0) {
      this.#endBody();
    }
    return part.length;
  }

  #endBody(): void {
    if (this.#body === "content") {
      this.#handler.end();
    } else if (this.#body === "extension") {
      this.#endExtension(Buffer.concat(this.#extension.parts));
    }
    const isPadded = this.#body !== "padding" && this.#padding > 0;
    this.#body = isPadded ? "padding" : "none";
    this.#remaining = isPadded ? this.#padding : 0;
  }

  #endExtension(data: Buffer): void {
    switch (this.#extension.type) {
      case "x":
        this.#pax = decodePaxRecords(data);
        return;
      case "L":
        this.#longName = untilNul(data);
        return;
      case "K":
        this.#longLink = untilNul(data);
        return;
      default: // "g": defaults for later entries; image tools write only comments there
        decodePaxRecords(data);
    }
  }

  #entryOf(header: RawHeader): TarEntry {
    const pax = this.#pax;
    const path = pax.get("path") ?? this.#longName ?? header.name;
    const linkTarget = pax.get("linkpath") ?? this.#longLink ?? header.linkName;
    const kind = header.type === "0" && path.endsWith("/") ? "directory" : KINDS[header.type];
    if (kind === undefined || [...pax.keys()].some((key) => key.startsWith("GNU.sparse."))) {
      throw new UnsupportedError(
        `Cannot read archive: entry "${display(path)}" is of tar type "${display(header.type)}"${kind === undefined ? "" : " and sparse"}, which images cannot have`,
      );
    }
    if (path.length > MAX_PATH_BYTES || linkTarget.length > MAX_PATH_BYTES) {
      throw new InvalidArchiveError(
        `Cannot read archive: the name of entry "${display(path)}" is too long, at most ${MAX_PATH_BYTES} bytes are allowed`,
      );
    }
    if (path === "" || path.includes("\0") || linkTarget.includes("\0")) {
      throw new InvalidArchiveError(
        `Cannot read archive: entry "${display(path)}" has an invalid name or link target`,
      );
    }
    const declaredSize = numberOf(pax, "size", header.sizeBytes);
    return {
      path,
      kind,
      linkTarget: kind === "symlink" || kind === "hardlink" ? linkTarget : "",
      mode: header.mode,
      uid: numberOf(pax, "uid", header.uid),
      gid: numberOf(pax, "gid", header.gid),
      // Some tools give hard links the size of their target, without content behind it.
      sizeBytes: kind === "file" ? declaredSize : 0,
      mtimeSeconds: numberOf(pax, "mtime", header.mtimeSeconds),
      deviceMajor: header.deviceMajor,
      deviceMinor: header.deviceMinor,
      xattrs: xattrsOf(pax),
    };
  }
}

const XATTR_PREFIX = "SCHILY.xattr.";

function xattrsOf(pax: ReadonlyMap<string, string>): ReadonlyMap<string, Uint8Array> {
  return new Map(
    [...pax]
      .filter(([key]) => key.startsWith(XATTR_PREFIX))
      .map(([key, value]) => [key.slice(XATTR_PREFIX.length), Buffer.from(value, "latin1")]),
  );
}

function numberOf(pax: ReadonlyMap<string, string>, key: string, otherwise: number): number {
  const value = pax.get(key);
  if (value === undefined || value === "") {
    return otherwise;
  }
  const parsed = Number(value);
  const isWanted =
    key === "mtime" ? Number.isFinite(parsed) : Number.isSafeInteger(parsed) && parsed >= 0;
  if (!isWanted) {
    throw new InvalidArchiveError(`Cannot read archive: pax record "${key}" is no number`);
  }
  return parsed;
}

function untilNul(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString("latin1", 0, end < 0 ? data.length : end);
}
