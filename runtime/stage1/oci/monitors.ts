// SPDX-License-Identifier: Apache-2.0
// Finds monitors by their command line: one that was spawned right before its starter was killed has left no file yet.
import type { System } from "../../system/system.ts";
import { killProcessTree } from "./process-tree.ts";

/** Kills the conmon processes of this container and all that they have started, so that none goes on to create it. */
export async function killMonitors(system: System, containerId: string): Promise<void> {
  for (const name of await system.files.listNames("/proc")) {
    if (!/^[0-9]+$/.test(name)) {
      continue;
    }
    const line = await system.files.findText(`/proc/${name}/cmdline`).catch(() => undefined);
    if (line !== undefined && isMonitorOf(line, containerId)) {
      killProcessTree(system, Number(name));
    }
  }
}

/** `cmdline` as /proc has it: arguments that end with NUL. */
export function isMonitorOf(cmdline: string, containerId: string): boolean {
  const args = cmdline.split("\0");
  const program = args[0]?.split("/").at(-1);
  return program === "conmon" && args[args.indexOf("--cid") + 1] === containerId;
}
