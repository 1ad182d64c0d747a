// SPDX-License-Identifier: Apache-2.0
// Names of files that are being written beside the ones they will replace: of whom they are, so that leftovers can be told.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

/** Never given twice: processes started early in two boots have the same pids. */
export function temporaryName(path: string): string {
  return `${path}.tmp-${process.pid}-${boot()}-${randomBytes(6).toString("hex")}`;
}

/** Whether it is such a name, and the process is gone or was one of an earlier boot. */
export function isStaleTemporary(name: string): boolean {
  const [, pid, ofBoot] = TEMPORARY.exec(name) ?? [];
  return pid !== undefined && (ofBoot !== boot() || !existsSync(`/proc/${pid}`));
}

const TEMPORARY = /\.tmp-(\d+)-([0-9a-f]{8})-[0-9a-f]{12}$/;

let known: string | undefined;

/** Enough of the boot's id to tell it from others; remembered, for /proc may be out of reach later (chroot). */
function boot(): string {
  known ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
  return known;
}
