// SPDX-License-Identifier: Apache-2.0
// The list of verbs. Each is loaded when it is called and not before: starting quickly matters on slow machines.
import type { Verb } from "./verb.ts";

export interface VerbEntry {
  readonly name: string;
  readonly summary: string;
  /** Not in the list of `corefly help`. */
  readonly hidden?: boolean;
  load(): Promise<{ readonly verb: Verb }>;
}

export const VERBS: readonly VerbEntry[] = [
  { name: "version", summary: "Print the version", load: () => import("./version.ts") },
];
