// SPDX-License-Identifier: Apache-2.0
// The code of an error that Node made: ENOENT, ECONNREFUSED, CERT_HAS_EXPIRED.

/** The error's code, if it has one. Looks at the shape only: errors of other realms count. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
