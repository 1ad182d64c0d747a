// SPDX-License-Identifier: Apache-2.0
// The process of a pod whose containers share a pid namespace: somebody must be its PID 1 from the beginning to the end.
import { UnsupportedError } from "../../errors.ts";
import type { ProcessIdentity, SandboxRecord } from "../../pod/sandbox-record.ts";
import type { CriContext } from "../context.ts";

export async function startSandboxInit(
  _context: CriContext,
  record: SandboxRecord,
): Promise<ProcessIdentity> {
  throw new UnsupportedError(
    `Cannot run pod "${record.name}": shareProcessNamespace is not supported yet`,
  );
}

/** Idempotent. */
export async function deleteSandboxInit(
  _context: CriContext,
  _record: SandboxRecord,
): Promise<void> {}
