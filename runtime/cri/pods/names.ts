// SPDX-License-Identifier: Apache-2.0
// Ids of pods and containers, and the clock of the CRI: nanoseconds since 1970.
import { randomBytes } from "node:crypto";
import type { Clock } from "../../system/clock.ts";

/** 64 hex digits. */
export function newId(): string {
  return randomBytes(32).toString("hex");
}

/** In decimal, as records hold it. */
export function nowNs(clock: Clock): string {
  return nsOfMs(clock.now());
}

export function nsOfMs(ms: number): string {
  return (BigInt(Math.round(ms * 1000)) * 1000n).toString();
}
