// SPDX-License-Identifier: Apache-2.0
// Asks a pod started by hand to end, or makes it.
import { join } from "node:path";
import { PodStateError } from "../errors.ts";
import { isMissing } from "../system/files.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";
import { POD_FILES, type Pod } from "./pod.ts";

/**
 * Sends `signal` to the app. With "SIGKILL" every process that has the app's root as its root gets it, so that nobody is
 * left to hold the lock. Throws PodStateError when the pod does not run, or its app is not known yet.
 */
export function signalPod(system: System, pod: Pod, signal: NodeJS.Signals): void {
  if (pod.state() !== "running") {
    throw new PodStateError(`pod "${pod.uuid}" is not running`);
  }
  const pid = Number(system.files.findTextSync(pod.path(POD_FILES.pid))?.trim() ?? "");
  if (!Number.isInteger(pid) || pid <= 0) {
    throw new PodStateError(
      `Cannot stop pod "${pod.uuid}": it is starting, its process is not known yet`,
    );
  }
  const pids = signal === "SIGKILL" ? [pid, ...processesIn(system, pod)] : [pid];
  for (const each of new Set(pids)) {
    try {
      system.kernel.kill(each, signal);
    } catch (cause) {
      if (errnoOf(cause) !== "ESRCH") {
        throw cause;
      }
    }
  }
}

/** Processes whose root is inside the pod's directory. */
function processesIn(system: System, pod: Pod): readonly number[] {
  const { files } = system;
  const inside = `${files.realpathSync(pod.dir)}/`;
  return files
    .listNamesSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return files.readlinkSync(join("/proc", pid, "root")).startsWith(inside);
      } catch (cause) {
        if (isMissing(cause) || errnoOf(cause) === "EACCES" || errnoOf(cause) === "ESRCH") {
          return false;
        }
        throw cause;
      }
    })
    .map(Number);
}
