// SPDX-License-Identifier: Apache-2.0
// The Pulumi CLI that runs our stacks: an installed one that can run Node programs, else the artefact `pulumi` with our
// language host beside it.

import { execFile } from "node:child_process";
import {
  accessSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

export interface PulumiCli {
  readonly path: string;
  /** For messages: `installed` or `ours`. */
  readonly origin: "installed" | "ours";
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Older engines lack what our provider relies on: reading resources before they are updated. */
const OLDEST_VERSION = [3, 210] as const;

/** `pulumi` on PATH, if it is new enough and has its language host for Node. */
export async function findInstalledPulumi(
  environment: Environment,
): Promise<PulumiCli | undefined> {
  const path = findProgram("pulumi", pathFolders(environment));
  if (path === undefined) return undefined;
  const folders = [dirname(realpathSync(path)), ...pathFolders(environment)];
  if (findProgram("pulumi-language-nodejs", folders) === undefined) return undefined;
  return (await isNewEnough(path, environment)) ? { path, origin: "installed" } : undefined;
}

/**
 * Puts the CLI `file` into a folder of the cache together with our language host: the engine takes one that lies beside
 * it without a warning. Idempotent; may run twice at once.
 */
export function installOurPulumi(file: string, cacheDir: string): PulumiCli {
  const folder = join(cacheDir, "engine", basename(file).slice(0, 16));
  const path = join(folder, "pulumi");
  mkdirSync(folder, { recursive: true });
  placeAtomically(path, (partial) => linkOrCopy(file, partial));
  placeAtomically(join(folder, "pulumi-language-nodejs"), (partial) =>
    writeFileSync(partial, LANGUAGE_HOST_SCRIPT, { mode: 0o755 }),
  );
  return { path, origin: "ours" };
}

/** Names the real language host, so that one cache serves many checkouts. */
export const LANGUAGE_HOST_VARIABLE = "COREFLY_LANGUAGE_HOST";

const LANGUAGE_HOST_SCRIPT = `#!/bin/sh
# Starts the language host of the corefly checkout that runs this.
exec "\${${LANGUAGE_HOST_VARIABLE}:?is not set: run make, or infra/engine/main.ts}" "$@"
`;

/** Path of our language host. */
export const LANGUAGE_HOST = join(import.meta.dirname, "bin/pulumi-language-nodejs");

function placeAtomically(path: string, make: (partial: string) => void): void {
  const partial = `${path}.${process.pid}`;
  rmSync(partial, { force: true });
  make(partial);
  renameSync(partial, path);
  // rename(2) does nothing when both are links to one file already.
  rmSync(partial, { force: true });
}

// A symbolic link would not do: the engine looks beside the file that it really is.
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // Another file system, or one without links: if it is something else, copying says so.
    copyFileSync(from, to, constants.COPYFILE_FICLONE);
  }
}

function pathFolders(environment: Environment): readonly string[] {
  return (environment["PATH"] ?? "").split(delimiter).filter(Boolean);
}

function findProgram(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function isNewEnough(path: string, environment: Environment): Promise<boolean> {
  const env = { ...environment, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const { stdout } = await promisify(execFile)(path, ["version"], { env, timeout: 30_000 }).catch(
    () => ({ stdout: "" }),
  );
  const [, major = "0", minor = "0"] = /v?(\d+)\.(\d+)\.\d+/.exec(stdout) ?? [];
  const [wantedMajor, wantedMinor] = OLDEST_VERSION;
  return Number(major) === wantedMajor && Number(minor) >= wantedMinor;
}
