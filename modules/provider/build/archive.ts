// SPDX-License-Identifier: Apache-2.0
// Archives with the same bytes for the same contents: sorted, owned by root, of no time.

import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";

export type ArchiveEntry =
  | { readonly path: string; readonly source: string; readonly mode: number }
  | { readonly path: string; readonly content: string | Buffer; readonly mode: number }
  | { readonly path: string; readonly link: string };

const EPOCH = new Date(0);

/** Writes a tar file. Folders are not listed: those who unpack make them. */
export async function writeArchive(file: string, entries: readonly ArchiveEntry[]): Promise<void> {
  const archive = pack();
  const writing = pipeline(archive, createWriteStream(file));
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  const adding = (async () => {
    for (const entry of sorted) {
      await add(archive, entry);
    }
    archive.finalize();
  })();
  await Promise.all([
    writing,
    adding.catch((error: unknown) => {
      archive.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }),
  ]);
}

async function add(archive: Pack, entry: ArchiveEntry): Promise<void> {
  const header = { name: entry.path, mtime: EPOCH, uid: 0, gid: 0, uname: "", gname: "" };
  if ("link" in entry) {
    archive.entry({ ...header, type: "symlink", linkname: entry.link, mode: 0o777 });
    return;
  }
  const { mode } = entry;
  if ("content" in entry) {
    archive.entry({ ...header, mode }, entry.content);
    return;
  }
  const { size } = await stat(entry.source);
  await pipeline(
    createReadStream(entry.source, { highWaterMark: 1 << 20 }),
    archive.entry({ ...header, mode, size }),
  );
}
