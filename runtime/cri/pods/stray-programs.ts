// SPDX-License-Identifier: Apache-2.0
// Programs that a killed server had started for a pod in the making, and that still run: they would go on to make what is being
// taken away.
import type { SandboxRecord } from "../../pod/sandbox-record.ts";
import { killProcessTree } from "../../stage1/oci/process-tree.ts";
import type { System } from "../../system/system.ts";

/** Kills them with what they have started: plugins are found by their environment, crun by its command line. */
export async function killStrayPrograms(system: System, record: SandboxRecord): Promise<void> {
  for (const name of await system.files.listNames("/proc")) {
    if (!/^[0-9]+$/.test(name)) {
      continue;
    }
    // They may end while we look.
    const read = (file: string) => system.files.findText(`/proc/${name}/${file}`).catch(() => "");
    const environment = (await read("environ")) ?? "";
    const commandLine = (await read("cmdline")) ?? "";
    if (isPluginOf(environment, record.uuid) || isCrunOf(commandLine, record.id)) {
      killProcessTree(system, Number(name));
    }
  }
}

/** `environ` as /proc has it: variables that end with NUL. */
export function isPluginOf(environ: string, podUuid: string): boolean {
  return environ.split("\0").includes(`CNI_CONTAINERID=${podUuid}`);
}

/** `cmdline` as /proc has it. */
export function isCrunOf(cmdline: string, sandboxId: string): boolean {
  const args = cmdline.split("\0");
  return args[0]?.split("/").at(-1) === "crun" && args.some((each) => each.startsWith(sandboxId));
}
