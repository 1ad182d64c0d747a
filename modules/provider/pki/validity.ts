// SPDX-License-Identifier: Apache-2.0
// When certificates begin, end and are renewed.

import type { Validity } from "./issue.ts";

const HOUR_MS = 3_600_000;

/** Nodes' clocks may be a little behind the workstation's. */
const BACKDATE_MS = 5 * 60_000;

/** X.509's GeneralizedTime ends with the year 9999; a century is more than anybody means. */
export const MAX_VALIDITY_HOURS = 876_000;

/** From now on for so many hours, but not longer than whoever signs it. */
export function validityFrom(now: number, hours: number, authority?: Validity): Validity {
  const notBefore = Math.max(now - BACKDATE_MS, authority?.notBefore.getTime() ?? 0);
  const notAfter = Math.min(now + hours * HOUR_MS, authority?.notAfter.getTime() ?? Infinity);
  return { notBefore: wholeSeconds(notBefore), notAfter: wholeSeconds(notAfter) };
}

/** Whether the end is nearer than `earlyHours`, by default than a tenth of the whole life. */
export function nearEnd(validity: Validity, earlyHours: number | undefined, now: number): boolean {
  const end = validity.notAfter.getTime();
  const life = end - validity.notBefore.getTime();
  const early = earlyHours === undefined ? life / 10 : earlyHours * HOUR_MS;
  return now >= end - early;
}

/** ISO 8601 in UTC, without the milliseconds that X.509 has not. */
export function dateText(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
