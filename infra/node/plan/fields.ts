// SPDX-License-Identifier: Apache-2.0
// Looks into values of which nothing is known. Pure.

/** The members of an object; none of anything else. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Whether what has this name is a secret by it: `DB_PASSWORD`, `client-key-data`, `apiToken`. */
export function isSecretName(name: string): boolean {
  return (
    /passw(or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key|access[-_]?key|credential|client-key-data/i.test(
      name,
    ) && !/^passwd$|file|path|dir|name|ref$|volume|ttl|seconds|mount/i.test(name)
  );
}
