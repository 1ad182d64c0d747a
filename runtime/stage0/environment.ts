// SPDX-License-Identifier: Apache-2.0
// The app's environment out of its five sources, and files of variables.
import { UsageError } from "../errors.ts";
import type { NameValue } from "../pod/manifest.ts";

export interface EnvironmentSources {
  /** Our own environment, with --inherit-env. */
  readonly inherited: Readonly<Record<string, string>>;
  readonly image: readonly NameValue[];
  /** --set-env-file */
  readonly files: readonly NameValue[];
  /** --set-env */
  readonly pod: readonly NameValue[];
  /** --environment */
  readonly app: readonly NameValue[];
}

/** Later sources win; a name appears once, where it was first seen. */
export function planEnvironment(sources: EnvironmentSources): readonly NameValue[] {
  const inherited = Object.entries(sources.inherited).map(([name, value]) => ({ name, value }));
  return mergeEnvironment(inherited, sources.image, sources.files, sources.pod, sources.app);
}

/** As planEnvironment, of any lists. */
export function mergeEnvironment(
  ...lists: readonly (readonly NameValue[])[]
): readonly NameValue[] {
  const merged = new Map<string, string>();
  for (const { name, value } of lists.flat()) {
    merged.set(name, value);
  }
  return [...merged].map(([name, value]) => ({ name, value }));
}

/** `NAME=VALUE` a line; blank lines and those that begin with `#` or `;` are comments. Throws UsageError with the line. */
export function parseEnvironmentFile(text: string, origin: string): readonly NameValue[] {
  return text.split("\n").flatMap((line, index) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) {
      return [];
    }
    const equals = trimmed.indexOf("=");
    if (equals < 1) {
      throw new UsageError(
        `Cannot read "${origin}" line ${index + 1}: "${trimmed}" is not NAME=VALUE`,
      );
    }
    return [{ name: trimmed.slice(0, equals), value: trimmed.slice(equals + 1) }];
  });
}
