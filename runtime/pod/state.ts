// SPDX-License-Identifier: Apache-2.0
// The states of a pod started by hand: the directory it is in, and whether somebody holds the lock on it.
import { assertNever } from "../errors.ts";

/** Directories below `pods/`, in the order in which a pod passes through them. */
export const PHASES = [
  "embryo",
  "prepare",
  "prepared",
  "run",
  "exited-garbage",
  "garbage",
] as const;

export type Phase = (typeof PHASES)[number];

/** As `corefly list` prints them. */
export type PodState =
  | "embryo"
  | "preparing"
  | "aborted prepare"
  | "prepared"
  | "running"
  | "exited"
  | "exited garbage"
  | "deleting"
  | "garbage";

export type LockReading = "held" | "free";

/** What a directory and a lock say together. */
export function podState(phase: Phase, lock: LockReading): PodState {
  const held = lock === "held";
  switch (phase) {
    case "embryo":
      return "embryo";
    case "prepare":
      return held ? "preparing" : "aborted prepare";
    case "prepared":
      return "prepared";
    case "run":
      return held ? "running" : "exited";
    case "exited-garbage":
      return held ? "deleting" : "exited garbage";
    case "garbage":
      return held ? "deleting" : "garbage";
    default:
      return assertNever(phase);
  }
}
