// SPDX-License-Identifier: Apache-2.0
// From an image description to the sorted list of tar entries and where the content of each comes from.
import { AlreadyExistsError, InvalidManifestError, NotFoundError } from "../../errors.ts";
import { isMissing } from "../../system/files.ts";
import type { System } from "../../system/system.ts";
import { bytesOf, display, PLAIN_ENTRY, type TarEntry } from "../tar/entry.ts";
import type { FileSpec, ImageSpec } from "./spec.ts";
import { indexTar } from "./tar-index.ts";

/** Where the bytes of a file come from: part of a file on this machine, or this text. */
export type Body =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  | { readonly kind: "range"; readonly file: string; readonly offset: number };

export interface TreeEntry {
  readonly entry: TarEntry;
  readonly body: Body;
}

const NO_BODY: Body = { kind: "none" };

/**
 * Every entry once, directories before what is in them, a hard link after the name that has the content. Directories that
 * nobody described are 0755 0:0. Nothing depends on the machine but contents, and the modes of sources that have no mode.
 */
export async function planTree(spec: ImageSpec, system: System): Promise<readonly TreeEntry[]> {
  const entries = new Map<string, TreeEntry>();
  const add = (item: TreeEntry) => {
    const key = item.entry.path;
    const before = entries.get(key);
    const areDirectories = before?.entry.kind === "directory" && item.entry.kind === "directory";
    if (before !== undefined && !areDirectories) {
      throw new AlreadyExistsError(`Cannot build image: "/${display(key)}" is described twice`);
    }
    entries.set(key, item);
  };
  for (const { tar, prefix } of spec.tars) {
    (await indexTar(tar, prefix.slice(1), system)).forEach(add);
  }
  for (const file of spec.files) {
    if (file.path !== "/") {
      add(await fromFile(file, system));
    }
  }
  return sortHardLinks(withParents(entries));
}

async function fromFile(file: FileSpec, system: System): Promise<TreeEntry> {
  const entry = emptyEntry(bytesOf(file.path.slice(1)), file);
  const { content } = file;
  switch (content.kind) {
    case "directory":
      return { entry: { ...entry, kind: "directory", mode: file.mode ?? 0o755 }, body: NO_BODY };
    case "symlink":
      return {
        entry: { ...entry, kind: "symlink", mode: 0o777, linkTarget: bytesOf(content.target) },
        body: NO_BODY,
      };
    case "hardlink":
      return {
        entry: { ...entry, kind: "hardlink", linkTarget: bytesOf(content.target.slice(1)) },
        body: NO_BODY,
      };
    case "content": {
      const bytes = Buffer.from(content.content);
      return { entry: { ...entry, sizeBytes: bytes.length }, body: { kind: "bytes", bytes } };
    }
    case "source": {
      const stats = await statSource(content.source, file.path, system);
      const mode = file.mode ?? ((stats.mode & 0o111) === 0 ? 0o644 : 0o755);
      return {
        entry: { ...entry, mode, sizeBytes: stats.size },
        body: { kind: "range", file: content.source, offset: 0 },
      };
    }
  }
}

async function statSource(source: string, path: string, system: System) {
  try {
    const stats = await system.files.stat(source);
    if (!stats.isFile()) {
      throw new InvalidManifestError(
        `Cannot build image: source "${source}" of "${path}" is no file`,
      );
    }
    return stats;
  } catch (cause) {
    if (isMissing(cause)) {
      throw new NotFoundError(
        `Cannot build image: source "${source}" of "${path}" does not exist`,
        { cause },
      );
    }
    throw cause;
  }
}

function emptyEntry(path: string, owner: Pick<FileSpec, "uid" | "gid" | "mode">): TarEntry {
  const { uid, gid, mode = 0o644 } = owner;
  return { ...PLAIN_ENTRY, path, kind: "file", mode, uid, gid };
}

function withParents(entries: ReadonlyMap<string, TreeEntry>): readonly TreeEntry[] {
  const all = new Map(entries);
  for (const path of entries.keys()) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth += 1) {
      const parent = parts.slice(0, depth).join("/");
      const known = all.get(parent);
      if (known !== undefined && known.entry.kind !== "directory") {
        throw new InvalidManifestError(
          `Cannot build image: "/${display(path)}" is below "/${display(parent)}", which is a ${known.entry.kind}`,
        );
      }
      if (known === undefined) {
        const entry = emptyEntry(parent, { uid: 0, gid: 0, mode: 0o755 });
        all.set(parent, { entry: { ...entry, kind: "directory" }, body: NO_BODY });
      }
    }
  }
  // Parent before child, and the same order whatever order the description has: compare part by part.
  return [...all.values()].sort((a, b) => compare(a.entry.path, b.entry.path));
}

function compare(a: string, b: string): number {
  const [left, right] = [a.replaceAll("/", "\0"), b.replaceAll("/", "\0")];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Tar needs the content at the first of several names: whichever that is in our order gets it, the others become links. */
function sortHardLinks(sorted: readonly TreeEntry[]): readonly TreeEntry[] {
  const byPath = new Map(sorted.map((item) => [item.entry.path, item]));
  const firstName = new Map<string, string>();
  const targets = new Map<string, TreeEntry>();
  for (const { entry } of sorted) {
    if (entry.kind === "hardlink") {
      const target = finalTarget(entry, byPath);
      targets.set(entry.path, target);
      const names = [firstName.get(target.entry.path) ?? target.entry.path, entry.path];
      firstName.set(target.entry.path, names.sort(compare)[0] ?? entry.path);
    }
  }
  return sorted.map((item) => {
    const target = targets.get(item.entry.path) ?? item;
    const first = firstName.get(target.entry.path);
    if (first === undefined) {
      return item;
    }
    return first === item.entry.path
      ? { entry: { ...target.entry, path: first }, body: target.body }
      : {
          entry: {
            ...target.entry,
            path: item.entry.path,
            kind: "hardlink",
            linkTarget: first,
            sizeBytes: 0,
          },
          body: NO_BODY,
        };
  });
}

function finalTarget(entry: TarEntry, byPath: ReadonlyMap<string, TreeEntry>): TreeEntry {
  let target = byPath.get(entry.linkTarget);
  for (let hops = 0; target?.entry.kind === "hardlink" && hops < 100; hops += 1) {
    target = byPath.get(target.entry.linkTarget);
  }
  if (
    target === undefined ||
    target.entry.kind === "hardlink" ||
    target.entry.kind === "directory"
  ) {
    throw new InvalidManifestError(
      `Cannot build image: hard link "/${display(entry.path)}" leads to "/${display(entry.linkTarget)}", expected a file of the image`,
    );
  }
  return target;
}
