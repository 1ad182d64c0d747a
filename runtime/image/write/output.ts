// SPDX-License-Identifier: Apache-2.0
// Writes an image file: entries one after another through a hash, nothing held in memory. The file appears under its name
// when it is complete, or not at all.
import { createHash, type Hash } from "node:crypto";
import { InvalidManifestError } from "../../errors.ts";
import type { System } from "../../system/system.ts";
import { display } from "../tar/entry.ts";
import { END_OF_ARCHIVE, entrySize, headerBlocks, padding } from "../tar/writer.ts";
import type { TreeEntry } from "./tree.ts";

const READ_BYTES = 1024 * 1024;

export interface WriteContext {
  readonly system: System;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** Bytes of an archive of these entries. */
export function archiveSize(entries: readonly TreeEntry[]): number {
  return entries.reduce((sum, { entry }) => sum + entrySize(entry), END_OF_ARCHIVE.length);
}

export class ImageOutput {
  readonly #context: WriteContext;
  readonly #fd: number;
  readonly #totalBytes: number;
  #position = 0;
  #hash: Hash;

  constructor(fd: number, totalBytes: number, context: WriteContext) {
    this.#fd = fd;
    this.#totalBytes = totalBytes;
    this.#context = context;
    this.#hash = createHash("sha512");
  }

  get position(): number {
    return this.#position;
  }

  /** What is written from here on is hashed with `algorithm` until the next call. */
  restartHash(algorithm: "sha256" | "sha512"): void {
    this.#hash = createHash(algorithm);
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  write(bytes: Buffer): void {
    const { files } = this.#context.system;
    for (let done = 0; done < bytes.length; ) {
      done += files.writeSync(this.#fd, bytes, done, bytes.length - done, this.#position + done);
    }
    this.#hash.update(bytes);
    this.#position += bytes.length;
  }

  /** Overwrites what was written before, outside of the hash. */
  patch(bytes: Buffer, position: number): void {
    this.#context.system.files.writeSync(this.#fd, bytes, 0, bytes.length, position);
  }

  async writeArchive(entries: readonly TreeEntry[]): Promise<void> {
    for (const item of entries) {
      await this.writeEntry(item);
    }
    this.write(END_OF_ARCHIVE);
  }

  async writeEntry({ entry, body }: TreeEntry): Promise<void> {
    this.write(headerBlocks(entry));
    if (body.kind === "bytes") {
      this.write(body.bytes);
    } else if (body.kind === "range") {
      await this.#copy(body.file, body.offset, entry.sizeBytes, entry.path);
    }
    this.write(padding(entry.sizeBytes));
  }

  async #copy(file: string, offset: number, sizeBytes: number, path: string): Promise<void> {
    if (sizeBytes === 0) {
      return;
    }
    const { system, signal, onProgress } = this.#context;
    const stream = system.files.createReadStream(file, {
      start: offset,
      end: offset + sizeBytes - 1,
      highWaterMark: READ_BYTES,
    });
    const endsAt = this.#position + sizeBytes;
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      this.write(chunk);
      onProgress?.(this.#position, this.#totalBytes);
    }
    if (this.#position !== endsAt) {
      throw new InvalidManifestError(
        `Cannot build image: the source "${file}" of "/${display(path)}" became shorter while it was read`,
      );
    }
  }
}

/** Gives `write` an output for a temporary file beside `path`, then moves it there. */
export async function writeImageFile<T>(
  path: string,
  totalBytes: number,
  context: WriteContext,
  write: (output: ImageOutput) => Promise<T>,
): Promise<T> {
  const { files } = context.system;
  const temporary = `${path}.tmp-${process.pid}`;
  const fd = files.openSync(temporary, "w", 0o644);
  try {
    let result: T;
    try {
      result = await write(new ImageOutput(fd, totalBytes, context));
      files.fsyncSync(fd);
    } finally {
      files.closeSync(fd);
    }
    await files.rename(temporary, path);
    return result;
  } catch (cause) {
    await files.removeTree(temporary);
    throw cause;
  }
}
