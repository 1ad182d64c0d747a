// SPDX-License-Identifier: Apache-2.0
// One synchronous step in another network namespace: between two setns on the main thread, where nothing else of ours can run.
import { InternalError } from "../errors.ts";
import { CLONE_NEWNET, O_CLOEXEC, O_RDONLY } from "../system/constants.ts";
import type { System } from "../system/system.ts";

/** `run` must be synchronous: whatever it leaves for later happens at home. Throws ENOENT when nothing is pinned at `path`. */
export function inNamespace<Result>(system: System, path: string, run: () => Result): Result {
  const { kernel, files } = system;
  const home = files.openSync("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  try {
    const there = files.openSync(path, O_RDONLY | O_CLOEXEC);
    try {
      kernel.setns(there, CLONE_NEWNET);
    } finally {
      files.closeSync(there);
    }
    try {
      return run();
    } finally {
      goHome(system, home);
    }
  } finally {
    files.closeSync(home);
  }
}

/** A process that cannot come back must not go on: whatever it did next would happen in the pod. */
function goHome(system: System, home: number): void {
  try {
    system.kernel.setns(home, CLONE_NEWNET);
  } catch (cause) {
    process.nextTick(() => process.abort());
    throw new InternalError("Cannot return from a pod's network namespace", { cause });
  }
}
