// SPDX-License-Identifier: Apache-2.0
// One at a time, across processes: a lock of the kernel, which ends with its holder however that ends.

import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { ArtifactError } from "./artifact-error.ts";

export interface ExclusiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once when somebody else has the lock. */
  readonly onWait?: () => void;
}

const WAIT_NOTICE_MS = 500;

/**
 * Runs `work` while holding the lock on `lockFile`, which is made if missing and never removed. The lock is held by a
 * child that waits for the end of its standard input, because Node has no flock(2).
 */
export async function exclusively<T>(
  lockFile: string,
  options: ExclusiveOptions,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(lockFile), { recursive: true });
  options.signal?.throwIfAborted();
  // In a session of its own, so that Ctrl-C does not take the lock away while we clean up.
  const holder = spawn("flock", ["--exclusive", lockFile, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => holder.on("close", () => resolve()));
  const release = async () => {
    holder.stdin.end();
    await ended;
  };
  const notice = setTimeout(() => options.onWait?.(), WAIT_NOTICE_MS);
  const abort = () => {
    if (holder.pid !== undefined) {
      process.kill(-holder.pid, "SIGKILL");
    }
  };
  options.signal?.addEventListener("abort", abort);
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once("data", () => resolve());
      holder.once("error", (cause) =>
        reject(new ArtifactError(`Cannot run flock: ${cause.message}`, { cause })),
      );
      holder.once("close", () =>
        reject(options.signal?.reason ?? new ArtifactError(`Cannot lock ${lockFile}`)),
      );
    });
  } finally {
    clearTimeout(notice);
    options.signal?.removeEventListener("abort", abort);
  }
  try {
    return await work();
  } finally {
    await release();
  }
}
