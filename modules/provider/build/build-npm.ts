// SPDX-License-Identifier: Apache-2.0
// Takes one program out of an npm package: the one that npm installed and verified here, or, for another architecture,
// one fetched now and verified against the table.

import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NpmPackage, NpmRecipe } from "../../artifacts/artifact.ts";
import { artifacts } from "../../artifacts/table.ts";
import { writeArchive } from "./archive.ts";
import { ArtifactError } from "./artifact-error.ts";
import type { BuildContext, Built } from "./builder.ts";
import { readOutput } from "./command.ts";
import { relocate } from "./relocate.ts";
import { nodePackage } from "./repository.ts";
import { stripElf } from "./strip.ts";

/** An archive with the program, stripped and relocated. */
export async function buildNpm(recipe: NpmRecipe, context: BuildContext): Promise<Built> {
  const { origin } = artifacts[context.name];
  if (origin.kind !== "npm") {
    throw new ArtifactError("its origin is no npm package");
  }
  const folder = await packageFolder(origin.packages[context.architecture], context);
  const source = join(folder, recipe.file);
  const program = join(context.workDir, "program");
  await writeFile(program, stripElf(await readFile(source), source), { mode: 0o755 });
  await relocate(program, context);
  const file = join(context.workDir, "archive.tar");
  await writeArchive(file, [{ path: recipe.into, source: program, mode: 0o755 }]);
  return { file };
}

async function packageFolder(wanted: NpmPackage, context: BuildContext): Promise<string> {
  const installed = nodePackage(wanted.name);
  return (await versionOf(installed)) === wanted.version
    ? installed
    : fetchPackage(wanted, context);
}

async function versionOf(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
  if (text === undefined) {
    return undefined;
  }
  const manifest: unknown = JSON.parse(text);
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : undefined;
}

async function fetchPackage(wanted: NpmPackage, context: BuildContext): Promise<string> {
  const reference = `${wanted.name}@${wanted.version}`;
  context.progress(`Fetching ${reference}`);
  const { workDir, signal } = context;
  const printed = await readOutput({
    file: "npm",
    args: ["pack", "--silent", "--pack-destination", workDir, reference],
    cwd: workDir,
    signal,
  });
  const archive = join(workDir, printed.trim().split("\n").at(-1) ?? "");
  const digest = createHash("sha512")
    .update(await readFile(archive))
    .digest("base64");
  if (`sha512-${digest}` !== wanted.integrity) {
    throw new ArtifactError(
      `the npm package ${reference} has integrity sha512-${digest}, wanted ${wanted.integrity}`,
    );
  }
  const folder = join(workDir, "package");
  await mkdir(folder);
  await readOutput({
    file: "tar",
    args: ["--extract", `--file=${archive}`, "--strip-components=1", `--directory=${folder}`],
    signal,
  });
  return folder;
}
