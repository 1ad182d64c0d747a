// SPDX-License-Identifier: Apache-2.0
// Pod UUIDs (RFC 4122): made, parsed, and found by their beginning.
import { randomUUID } from "node:crypto";
import { NotFoundError, UsageError } from "../errors.ts";

export type PodUuid = string & { readonly __brand: "PodUuid" };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isPodUuid(text: string): text is PodUuid {
  return UUID.test(text);
}

/** A random one, version 4. */
export function newPodUuid(): PodUuid {
  return parsePodUuid(randomUUID());
}

/** Throws UsageError for anything but a whole UUID in lower case. */
export function parsePodUuid(text: string): PodUuid {
  if (!isPodUuid(text)) {
    throw new UsageError(`Cannot read "${text}" as a pod UUID`);
  }
  return text;
}

/**
 * The one UUID that begins with `prefix`, or with what CRI clients show of a pod's id: 64 digits without hyphens, of which
 * the first 32 are the UUID's. An empty prefix would be the beginning of every pod, and is refused.
 * Throws UsageError when it is empty or ambiguous, NotFoundError when nothing matches.
 */
export function matchUuid(prefix: string, uuids: readonly PodUuid[]): PodUuid {
  if (prefix.trim() === "") {
    throw new UsageError("UUID cannot be empty");
  }
  const digits = /^[0-9a-f]{9,64}$/.test(prefix) ? prefix.slice(0, 32) : undefined;
  const begins = (uuid: PodUuid) =>
    digits === undefined ? uuid.startsWith(prefix) : uuid.replaceAll("-", "").startsWith(digits);
  const matches = [...new Set(uuids.filter(begins))];
  const [first] = matches;
  if (first === undefined) {
    throw new NotFoundError(`no matches found for "${prefix}"`);
  }
  if (matches.length > 1) {
    throw new UsageError(`ambiguous uuid, ${matches.length} matches`);
  }
  return first;
}
