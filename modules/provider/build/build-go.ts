// SPDX-License-Identifier: Apache-2.0
// Builds Go programs: the pinned toolchain, one build at a time on a workstation (a build takes all cores), each
// continued where an earlier one was interrupted, through Go's own cache.

import { join } from "node:path";
import type { GoRecipe } from "../../artifacts/artifact.ts";
import { GO } from "../../artifacts/toolchain.ts";
import { writeArchive } from "./archive.ts";
import { ArtifactError } from "./artifact-error.ts";
import type { BuildContext, Built } from "./builder.ts";
import { cachePath } from "./cache.ts";
import { readOutput, runLogged } from "./command.ts";
import { duration } from "./duration.ts";
import { exclusively } from "./exclusive.ts";
import {
  buildArguments,
  goEnvironment,
  listArguments,
  NETWORK_SETTINGS,
  networkSettings,
  testArguments,
} from "./go-command.ts";
import { hostArchitecture } from "./host.ts";
import { installPythonTool } from "./python-tool.ts";
import { goFolder } from "./repository.ts";

const PROGRESS_INTERVAL_MS = 5_000;

/** A program, or an archive of several. */
export async function buildGo(recipe: GoRecipe, context: BuildContext): Promise<Built> {
  if (recipe.cgo && context.architecture !== hostArchitecture()) {
    throw new ArtifactError(
      `it needs a C compiler for ${context.architecture}, and this machine is ${hostArchitecture()}`,
    );
  }
  const toolchain = await installPythonTool(GO, context);
  const lock = cachePath(context.cacheDir, "locks", "go");
  const onWait = () => context.progress("Waiting for another build with Go to end");
  return exclusively(lock, { signal: context.signal, onWait }, () =>
    build(recipe, join(toolchain, "go"), context),
  );
}

async function build(recipe: GoRecipe, root: string, context: BuildContext): Promise<Built> {
  const go = { file: join(root, "bin/go"), cwd: goFolder(recipe.folder), signal: context.signal };
  const settings = await readOutput({ ...go, args: ["env", "-json", ...NETWORK_SETTINGS] });
  const env = goEnvironment(
    { architecture: context.architecture, cgo: recipe.cgo },
    { root, cache: cachePath(context.cacheDir, "go") },
    process.env,
    networkSettings(settings),
  );
  const command = { ...go, env };

  context.progress("Fetching modules");
  const programs = Object.entries(recipe.packages);
  const { testPrograms = [] } = recipe;
  const listed = await readOutput({
    ...command,
    args: listArguments(
      programs.map(([, path]) => path),
      { tests: testPrograms.length > 0 },
    ),
  });
  const count = progressCounter(listed.trimEnd().split("\n").length, context);
  for (const [name, path] of programs) {
    const argumentsOf = testPrograms.includes(name) ? testArguments : buildArguments;
    const args = argumentsOf(recipe, path, join(context.workDir, name));
    await runLogged({ ...command, args }, context.logFile, count);
  }
  return recipe.archiveFolder === undefined
    ? { file: join(context.workDir, programs[0]?.[0] ?? "") }
    : archive(recipe.archiveFolder, Object.keys(recipe.packages), context);
}

async function archive(
  folder: string,
  names: readonly string[],
  context: BuildContext,
): Promise<Built> {
  const file = join(context.workDir, "archive.tar");
  await writeArchive(
    file,
    names.map((name) => ({
      path: `${folder}/${name}`,
      source: join(context.workDir, name),
      mode: 0o755,
    })),
  );
  return { file };
}

/** Counts the packages that Go says it compiles. Those in its cache are not said, hence "at most". */
function progressCounter(total: number, context: BuildContext): (line: string) => void {
  const start = Date.now();
  let compiled = 0;
  let saidAt = 0;
  return () => {
    compiled += 1;
    const now = Date.now();
    if (now - saidAt >= PROGRESS_INTERVAL_MS) {
      saidAt = now;
      context.progress(
        `Compiling: ${compiled} of at most ${total} packages, ${duration(now - start)} so far`,
      );
    }
  };
}
