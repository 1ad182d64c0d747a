// SPDX-License-Identifier: Apache-2.0
// Finds monitors by their command line: one that was spawned right before the server was killed has left no file yet.
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";

/** Kills conmon processes of this container, so that none goes on to create it. */
export async function killMonitors(system: System, containerId: string): Promise<void> {
  for (const name of await system.files.listNames("/proc")) {
    if (!/^[0-9]+$/.test(name)) {
      continue;
    }
    const line = await system.files.findText(`/proc/${name}/cmdline`).catch(() => undefined);
    if (line !== undefined && isMonitorOf(line, containerId)) {
      kill(system, Number(name));
    }
  }
}

/** `cmdline` as /proc has it: arguments that end with NUL. */
export function isMonitorOf(cmdline: string, containerId: string): boolean {
  const args = cmdline.split("\0");
  const program = args[0]?.split("/").at(-1);
  return program === "conmon" && args[args.indexOf("--cid") + 1] === containerId;
}

function kill(system: System, pid: number): void {
  try {
    system.kernel.kill(pid, "SIGKILL");
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") {
      throw error;
    }
  }
}
