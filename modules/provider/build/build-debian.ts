// SPDX-License-Identifier: Apache-2.0
// Builds closures of Debian programs: the programs, the libraries that they need, and the licences of all of them.

import { copyFile, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { DebianRecipe } from "../../artifacts/artifact.ts";
import { artifacts } from "../../artifacts/table.ts";
import { type ArchiveEntry, writeArchive } from "./archive.ts";
import { ArtifactError } from "./artifact-error.ts";
import type { BuildContext, Built } from "./builder.ts";
import { libraryClosure, realFile, TRIPLETS } from "./closure.ts";
import { unpackPackages } from "./debian-packages.ts";
import { parseElf } from "./elf.ts";
import { hostArchitecture } from "./host.ts";
import { LOADERS, relocate } from "./relocate.ts";

/** An archive of programs and libraries. */
export async function buildDebian(recipe: DebianRecipe, context: BuildContext): Promise<Built> {
  const { origin } = artifacts[context.name];
  if (origin.kind !== "debian") {
    throw new ArtifactError("its origin is no Debian package");
  }
  if (context.architecture !== hostArchitecture()) {
    throw new ArtifactError(
      `it needs Debian packages for ${context.architecture}, and this machine's are for ${hostArchitecture()}`,
    );
  }
  const tree = join(context.workDir, "tree");
  const owners = await unpackPackages(origin.packages, tree, context);
  const roots = { programs: Object.values(recipe.programs), libraries: recipe.libraries };
  const libraries = await libraryClosure(tree, roots, context.architecture);
  const programs = await Promise.all(roots.programs.map((program) => realFile(tree, program)));
  const certificates = recipe.certificates ? await certificateFiles(tree) : [];
  const packages = [...programs, ...libraries.values(), ...certificates].map((file) =>
    owners.get(relative(tree, file)),
  );
  const used = new Map(packages.flatMap((each) => (each ? [[each.name, each.version]] : [])));
  const file = join(context.workDir, "archive.tar");
  await writeArchive(file, [
    ...(await programEntries(recipe, programs, context)),
    ...libraryEntries(recipe, libraries, context),
    ...(recipe.certificates ? [await certificateEntry(certificates)] : []),
    ...(await licenceEntries(recipe, tree, [...used.keys()])),
  ]);
  return { file, debian: Object.fromEntries([...used].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

async function programEntries(
  recipe: DebianRecipe,
  programs: readonly string[],
  context: BuildContext,
): Promise<readonly ArchiveEntry[]> {
  const relocated = async (program: string, index: number): Promise<string> => {
    if (recipe.layout === "ordinary" || !(await hasInterpreter(program))) {
      return program;
    }
    const copy = join(context.workDir, `program-${index}`);
    await copyFile(program, copy);
    await relocate(copy, context);
    return copy;
  };
  const sources = await Promise.all(programs.map(relocated));
  return Object.keys(recipe.programs).map((path, index) => ({
    path,
    source: sources[index] ?? "",
    mode: 0o755,
  }));
}

async function hasInterpreter(file: string): Promise<boolean> {
  return parseElf(await readFile(file), file).interpreter !== undefined;
}

/** Libraries under their sonames: nothing of what is delivered links against them. */
function libraryEntries(
  recipe: DebianRecipe,
  libraries: ReadonlyMap<string, string>,
  context: BuildContext,
): readonly ArchiveEntry[] {
  const mode = 0o755;
  if (recipe.layout === "relocated") {
    return [...libraries].map(([soname, source]) => ({ path: `lib/${soname}`, source, mode }));
  }
  const loader = LOADERS[context.architecture];
  const triplet = TRIPLETS[context.architecture];
  // Where the ABI says that the loader is; the other folders are as in a merged /usr.
  const loaderFolder = context.architecture === "amd64" ? "usr/lib64" : "usr/lib";
  return [
    ...[...libraries].map(([soname, source]) => ({
      path: soname === loader ? `${loaderFolder}/${loader}` : `usr/lib/${triplet}/${soname}`,
      source,
      mode,
    })),
    ...["bin", "lib", "lib64", "sbin"].map((name) => ({ path: name, link: `usr/${name}` })),
  ];
}

async function certificateFiles(tree: string): Promise<readonly string[]> {
  const folder = join(tree, "usr/share/ca-certificates/mozilla");
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith(".crt")).sort();
  if (files.length === 0) {
    throw new ArtifactError("the Debian package ca-certificates has no certificates");
  }
  return files.map((name) => join(folder, name));
}

/** All of Mozilla's authorities in one file, as update-ca-certificates(8) writes it. */
async function certificateEntry(files: readonly string[]): Promise<ArchiveEntry> {
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const content = texts.map((text) => `${text.trimEnd()}\n`).join("");
  return { path: "etc/ssl/certs/ca-certificates.crt", content, mode: 0o644 };
}

async function licenceEntries(
  recipe: DebianRecipe,
  tree: string,
  packages: readonly string[],
): Promise<readonly ArchiveEntry[]> {
  const target = recipe.layout === "relocated" ? "share/doc" : "usr/share/doc";
  return Promise.all(
    packages.map(async (name) => {
      // Some packages share the folder of another one of their source, through a link.
      const source = await realFile(tree, `usr/share/doc/${name}/copyright`);
      return { path: `${target}/${name}/copyright`, source, mode: 0o644 };
    }),
  );
}
