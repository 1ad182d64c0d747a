// SPDX-License-Identifier: Apache-2.0
// Ignition's own programs, made from its pinned module: the validator, and its merge. For the tests beside this file.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGo } from "../../../../modules/provider/build/build-go.ts";
import { defaultCacheDir, hostArchitecture } from "../../../../modules/provider/build/host.ts";
import { obtainArtifacts } from "../../../../modules/provider/build/obtain.ts";

/** Enough for a cold cache: the toolchain, the modules, and a minute of compiling. */
export const OBTAIN_TIMEOUT_MS = 600_000;

/** The path of `ignition-validate`, from the cache if it is there. */
export async function validatorProgram(): Promise<string> {
  const name = "ignition-validate";
  const obtained = await obtainArtifacts([name], { cacheDir: defaultCacheDir(process.env) });
  const path = obtained[name]?.path;
  if (path === undefined) throw new Error(`Cannot obtain "${name}"`);
  return path;
}

/** A program that lives as long as a test file. */
export interface TemporaryProgram {
  readonly path: string;
  remove(): Promise<void>;
}

/** Compiles modules/artifacts/go/ignition/merge; it is of no use but here, so it is no artefact. */
export async function mergeProgram(): Promise<TemporaryProgram> {
  const workDir = await mkdtemp(join(tmpdir(), "ignition-merge-"));
  const name = "ignition-merge";
  const recipe = {
    kind: "go",
    folder: "ignition",
    packages: { [name]: "./merge" },
    variables: [],
    cgo: false,
  } as const;
  const { file } = await buildGo(recipe, {
    name: "ignition-validate",
    architecture: hostArchitecture(),
    cacheDir: defaultCacheDir(process.env),
    workDir,
    logFile: join(workDir, "build.log"),
    runtimeFolder: "",
    progress: () => undefined,
    ingredient: () => Promise.reject(new Error("Cannot use ingredients: there are none")),
  });
  return { path: file, remove: () => rm(workDir, { recursive: true }) };
}
