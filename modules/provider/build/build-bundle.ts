// SPDX-License-Identifier: Apache-2.0
// Puts the runtime into one file, and the licences of what is in it into another.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import type { BundleRecipe, NoticesRecipe } from "../../artifacts/artifact.ts";
import { ArtifactError } from "./artifact-error.ts";
import type { BuildContext, Built } from "./builder.ts";
import { REPOSITORY } from "./repository.ts";

/** CommonJS packages in the bundle call require() for Node's own modules. */
const BANNER = `// corefly, Apache-2.0, with packages of others: see the notices that come with it.
import { createRequire as __createRequire } from "node:module";
const require = __createRequire(import.meta.url);`;

/** `corefly.mjs`. */
export async function buildBundle(recipe: BundleRecipe, context: BuildContext): Promise<Built> {
  const { code } = await bundle(recipe.entry);
  const file = join(context.workDir, "corefly.mjs");
  await writeFile(file, code);
  return { file };
}

/** The notices: every package in the bundle with its licence's text. */
export async function buildNotices(recipe: NoticesRecipe, context: BuildContext): Promise<Built> {
  const { inputs } = await bundle(recipe.entry);
  const notices = await Promise.all(packageFolders(inputs).map(notice));
  const own = await readFile(join(REPOSITORY, "LICENSE"), "utf8");
  const file = join(context.workDir, "NOTICES");
  await writeFile(file, ["corefly\nLicence: Apache-2.0\n\n", own, ...notices].join("\n"));
  return { file };
}

/** Folders of the npm packages that files belong to, sorted: `node_modules/a`, `node_modules/@b/c`. */
export function packageFolders(inputs: readonly string[]): readonly string[] {
  const folders = inputs.flatMap((input) => {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    return match?.[1] === undefined ? [] : [match[1]];
  });
  return [...new Set(folders)].sort();
}

interface Bundle {
  readonly code: Uint8Array;
  /** Files in it, relative to the repository. */
  readonly inputs: readonly string[];
}

async function bundle(entry: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: REPOSITORY,
    entryPoints: [entry],
    outfile: "corefly.mjs",
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    target: "node26",
    external: ["node:*"],
    // Less to parse at each start; names stay, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    banner: { js: BANNER },
    logLevel: "silent",
  });
  const [output] = outputFiles;
  if (output === undefined || outputFiles.length !== 1) {
    throw new ArtifactError(`esbuild wrote ${outputFiles.length} files, wanted one`);
  }
  return { code: output.contents, inputs: Object.keys(metafile.inputs) };
}

async function notice(folder: string): Promise<string> {
  const path = join(REPOSITORY, folder);
  const manifest: unknown = JSON.parse(await readFile(join(path, "package.json"), "utf8"));
  const { name, version, license, homepage, repository } = Object(manifest);
  const files = (await readdir(path)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const texts = await Promise.all(files.sort().map((file) => readFile(join(path, file), "utf8")));
  const origin = homepage ?? Object(repository).url ?? "its package";
  return [
    "-".repeat(80),
    `${name} ${version}`,
    `Licence: ${license}`,
    "",
    ...(texts.length > 0 ? texts : [`The package comes without its text; see ${origin}`]),
  ].join("\n");
}
