// SPDX-License-Identifier: Apache-2.0
// What checks report, for whoever shows it: previews, tests, error messages.
import type { Code } from "./codes.ts";

/** Place in a config, as names of fields and indexes of lists. */
export type ConfigPath = readonly (string | number)[];

export type Severity = "error" | "warning";

/** One thing that is wrong or suspicious in a config. */
export interface Finding {
  /** JSON path in Ignition's notation, `$.storage.files.0.path`. */
  readonly path: string;
  readonly code: Code;
  readonly severity: Severity;
  /** One line that names the entry, and whose it is if that is known. */
  readonly message: string;
  /** Names of the configs that the entries of the message come from; empty unless the config was merged. */
  readonly owners: readonly string[];
}

/** What a check yields; the names of entry and owner are put before the text when it becomes a finding. */
export interface Problem {
  readonly code: Code;
  readonly path: ConfigPath;
  /** Follows the entry's name; `%s` stands for the name of the entry at `related`. */
  readonly text: string;
  readonly related?: ConfigPath;
}

/** Ignition's notation of a path. */
export function formatPath(path: ConfigPath): string {
  return ["$", ...path].join(".");
}

/** The findings that make a config unusable. */
export function errorsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter((finding) => finding.severity === "error");
}
