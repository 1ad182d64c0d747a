// SPDX-License-Identifier: Apache-2.0
// Which libraries a set of programs needs, out of a tree of unpacked packages.

import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import type { Architecture } from "../../artifacts/artifact.ts";
import { ArtifactError } from "./artifact-error.ts";
import { parseElf } from "./elf.ts";

/** Debian's name of an architecture in paths. */
export const TRIPLETS: Readonly<Record<Architecture, string>> = {
  amd64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
};

/** What a closure is made from. */
export interface ClosureRoots {
  /** Paths in the tree. */
  readonly programs: readonly string[];
  /** Sonames. */
  readonly libraries: readonly string[];
}

/** The libraries by soname, each the real file in the tree. The loader is one of them. */
export async function libraryClosure(
  tree: string,
  roots: ClosureRoots,
  architecture: Architecture,
): Promise<ReadonlyMap<string, string>> {
  const available = await libraryFiles(tree, architecture);
  const found = new Map<string, string>();
  const visit = async (file: string): Promise<void> => {
    const { needed, interpreter } = parseElf(await readFile(file), file.slice(tree.length));
    const loader = interpreter === undefined ? [] : [basename(interpreter)];
    for (const soname of [...needed, ...loader]) {
      await want(soname, file.slice(tree.length));
    }
  };
  const want = async (soname: string, wantedBy: string): Promise<void> => {
    if (found.has(soname)) {
      return;
    }
    const file = available.get(soname);
    if (file === undefined) {
      throw new ArtifactError(
        `no Debian package among those fetched has ${soname}, wanted by ${wantedBy}`,
      );
    }
    found.set(soname, file);
    await visit(file);
  };
  for (const program of roots.programs) {
    await visit(await realFile(tree, program));
  }
  for (const soname of roots.libraries) {
    await want(soname, "the table");
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A file of the tree behind its links, which are the tree's: an absolute one means the tree's root. */
export async function realFile(tree: string, path: string): Promise<string> {
  const base = await realpath(tree);
  const file = await realpath(join(base, path)).catch(() => undefined);
  if (file === undefined || !resolve(file).startsWith(base + sep)) {
    throw new ArtifactError(`the Debian packages have no usable ${path}`);
  }
  return file;
}

async function libraryFiles(
  tree: string,
  architecture: Architecture,
): Promise<ReadonlyMap<string, string>> {
  const triplet = TRIPLETS[architecture];
  const files = new Map<string, string>();
  for (const folder of [`usr/lib/${triplet}`, `lib/${triplet}`, "usr/lib64", "lib64", "lib"]) {
    const names = await readdir(join(tree, folder)).catch(() => []);
    for (const name of names.filter((each) => /\.so(\.|$)/.test(each))) {
      const file = await realFile(tree, join(folder, name)).catch(() => undefined);
      if (file !== undefined && !files.has(name)) {
        files.set(name, file);
      }
    }
  }
  return files;
}
