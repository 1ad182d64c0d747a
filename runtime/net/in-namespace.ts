// SPDX-License-Identifier: Apache-2.0
// One synchronous step in another network namespace: between two setns on the main thread, where nothing else of ours can run.
import { CLONE_NEWNET, O_CLOEXEC, O_RDONLY } from "../system/constants.ts";
import type { System } from "../system/system.ts";
import { goHome } from "./go-home.ts";

/** `run` must be synchronous: whatever it leaves for later happens at home. Throws ENOENT when nothing is pinned at `path`. */
export function inNamespace<Result>(system: System, path: string, run: () => Result): Result {
  const home = system.files.openSync("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  try {
    enter(system, path);
  } catch (error) {
    system.files.closeSync(home);
    throw error;
  }
  try {
    return run();
  } finally {
    goHome(system, [{ flag: CLONE_NEWNET, fd: home }]);
  }
}

function enter({ kernel, files }: System, path: string): void {
  const there = files.openSync(path, O_RDONLY | O_CLOEXEC);
  try {
    kernel.setns(there, CLONE_NEWNET);
  } finally {
    files.closeSync(there);
  }
}
