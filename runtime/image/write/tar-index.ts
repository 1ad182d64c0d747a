// SPDX-License-Identifier: Apache-2.0
// What is in a tar archive that becomes part of an image, and where its contents lie. The archive has to be uncompressed:
// then its contents are copied from where they are, in one pass, in the order the image wants.
import { InvalidArchiveError, NotFoundError } from "../../errors.ts";
import { isMissing } from "../../system/files.ts";
import type { System } from "../../system/system.ts";
import { bytesOf, display, type TarEntry } from "../tar/entry.ts";
import { TarReader } from "../tar/reader.ts";
import type { TreeEntry } from "./tree.ts";

/** Entries below `prefix` (no slash in front), times set to 0; a path twice in the archive: the later one counts. */
export async function indexTar(
  file: string,
  prefix: string,
  system: System,
): Promise<readonly TreeEntry[]> {
  const found = new Map<string, TreeEntry>();
  const place = { base: 0, chunk: Buffer.alloc(0) };
  let current: TarEntry | undefined;
  const record = (entry: TarEntry, offset: number) =>
    found.set(entry.path, {
      entry,
      body: entry.kind === "file" ? { kind: "range", file, offset } : { kind: "none" },
    });
  const reader = new TarReader({
    entry: (entry) => {
      const moved = move(entry, prefix, file);
      current = moved;
      if (moved !== undefined) {
        record(moved, 0);
      }
    },
    data: (part) => {
      // The reader hands out views of the chunk it was given: their distance is the place in the file.
      if (current !== undefined) {
        record(current, place.base + part.byteOffset - place.chunk.byteOffset);
        current = undefined;
      }
    },
    end: () => {},
  });
  try {
    for await (const chunk of system.files.openRead(file)) {
      place.chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      reader.push(place.chunk);
      place.base += place.chunk.length;
    }
  } catch (cause) {
    throw isMissing(cause)
      ? new NotFoundError(`Cannot read archive: file "${file}" does not exist`, { cause })
      : cause;
  }
  reader.finish();
  return [...found.values()];
}

function move(entry: TarEntry, prefix: string, file: string): TarEntry | undefined {
  const path = clean(entry.path, file);
  if (path === "") {
    return undefined; // the archive's own root directory
  }
  const at = (relative: string) => (prefix === "" ? relative : `${bytesOf(prefix)}/${relative}`);
  return {
    ...entry,
    path: at(path),
    linkTarget: entry.kind === "hardlink" ? at(clean(entry.linkTarget, file)) : entry.linkTarget,
    mtimeSeconds: 0,
  };
}

function clean(path: string, file: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw new InvalidArchiveError(
      `Cannot read archive: entry "${display(path)}" of "${file}" has a ".." in its path`,
    );
  }
  return parts.join("/");
}
