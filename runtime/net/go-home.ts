// SPDX-License-Identifier: Apache-2.0
// The way back of a thread that was in a pod's namespaces for a moment.
import type { System } from "../system/system.ts";

/** A namespace that the thread came from: its CLONE_ flag, and a descriptor that goHome() closes. */
export interface Home {
  readonly flag: number;
  readonly fd: number;
}

/** A process that cannot come back must not go on: whatever it did next would happen in the pod. */
export function goHome({ kernel, files, exec }: System, homes: readonly Home[]): void {
  let failure: unknown;
  for (const { flag, fd } of homes) {
    try {
      kernel.setns(fd, flag);
    } catch (cause) {
      failure ??= cause;
    }
    files.closeSync(fd);
  }
  if (failure !== undefined) {
    const reason = failure instanceof Error ? failure.message : String(failure);
    exec.abort(`Cannot return from a pod's namespaces: ${reason}`);
  }
}
