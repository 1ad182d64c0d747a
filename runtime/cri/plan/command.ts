// SPDX-License-Identifier: Apache-2.0
// The command line and environment of a container: the pod's words over the image's (api.proto, ContainerConfig).
import { UsageError } from "../../errors.ts";
import type { EnvironmentVariable } from "../../stage1/app-plan.ts";

/**
 * command replaces the image's entrypoint, args its cmd; with a command the image's cmd does not count.
 * Throws UsageError when nothing is left to run.
 */
export function commandLine(
  pod: { readonly command: readonly string[]; readonly args: readonly string[] },
  image: { readonly entrypoint: readonly string[]; readonly cmd: readonly string[] },
): readonly string[] {
  const ownCommand = pod.command.length > 0;
  const args = pod.args.length > 0 || ownCommand ? pod.args : image.cmd;
  const line = [...(ownCommand ? pod.command : image.entrypoint), ...args];
  if (line.length === 0) {
    throw new UsageError("Cannot create container: neither the pod nor the image names a command");
  }
  return line;
}

/** The image's variables that the pod does not set, then the pod's in their order. */
export function environment(
  pod: readonly { readonly key: string; readonly value: Uint8Array }[],
  image: readonly EnvironmentVariable[],
): readonly EnvironmentVariable[] {
  const own = new Set(pod.map(({ key }) => key));
  return [
    ...image.filter(({ name }) => !own.has(name)),
    ...pod.map(({ key, value }) => ({ name: key, value: Buffer.from(value).toString("utf8") })),
  ];
}
