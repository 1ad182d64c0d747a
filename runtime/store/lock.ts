// SPDX-License-Identifier: Apache-2.0
// A lock that holds between processes and between the tasks of one process. flock(2) alone would do for the first, but waiting
// in it stops the whole event loop, and with it the task that has the lock.
import { LOCK_EX, LOCK_NB, LOCK_SH } from "../system/constants.ts";
import type { System } from "../system/system.ts";

const POLL_MS = 10;

/** Holds the lock file while `act` runs. Not reentrant. */
export async function withLock<T>(
  path: string,
  kind: "shared" | "exclusive",
  system: System,
  act: () => Promise<T>,
): Promise<T> {
  const fd = system.files.openSync(path, "a", 0o600);
  try {
    const operation = (kind === "shared" ? LOCK_SH : LOCK_EX) | LOCK_NB;
    while (!system.kernel.flock(fd, operation)) {
      await system.clock.sleep(POLL_MS);
    }
    return await act();
  } finally {
    system.files.closeSync(fd);
  }
}

/** As withLock, exclusive, but answers undefined at once when somebody else has the lock. */
export async function withLockIfFree<T>(
  path: string,
  system: System,
  act: () => Promise<T>,
): Promise<T | undefined> {
  const fd = system.files.openSync(path, "a", 0o600);
  try {
    return system.kernel.flock(fd, LOCK_EX | LOCK_NB) ? await act() : undefined;
  } finally {
    system.files.closeSync(fd);
  }
}
