// SPDX-License-Identifier: Apache-2.0
// What a verb of the command line is, and what it gets to work with. One file per verb, each exporting `verb`.
import type { System } from "../system/system.ts";
import type { FlagSpec } from "./flags.ts";
import type { GlobalOptions } from "./globals.ts";

export interface Verb {
  /** As typed; verbs of two words have a blank inside ("image list"). */
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** What follows the name, for example "[--force] UUID...". */
  readonly usage: string;
  /** Printed by --help after the usage line; flags are described from here. */
  readonly flags?: readonly FlagSpec[];
  /** More text for --help. */
  readonly description?: string;
  /** `true`: flags end at the first positional, whose followers belong to the verb's own parser (run, prepare, enter). */
  readonly positionalsEndFlags?: boolean;
  /** Refuses to start without root. */
  readonly needsRoot?: boolean;
  /** `args` is what followed the name, without global flags. Answers the exit code. */
  run(args: readonly string[], context: VerbContext): Promise<number>;
}

/** A verb in the list, not loaded yet. */
export interface VerbEntry {
  readonly name: string;
  readonly summary: string;
  /** Not in the list of `corefly help`. */
  readonly hidden?: boolean;
  load(): Promise<{ readonly verb: Verb }>;
}

export interface VerbContext {
  readonly system: System;
  /** All there are. */
  readonly verbs: readonly VerbEntry[];
  readonly globals: GlobalOptions;
  readonly env: Readonly<Record<string, string>>;
  /** Where relative paths of the command line start. */
  readonly cwd: string;
  /** Directories with our helper programs and CNI plugins, then those of PATH. */
  readonly programPath: readonly string[];
  readonly cniPath: readonly string[];
  /** Synchronous, as it is: lines bring their own newline. */
  readonly out: (text: string) => void;
  /** One line on stderr behind `<prefix>: `; the prefix is the verb's name unless given. */
  readonly warn: (message: string, prefix?: string) => void;
  /** As warn, only with --debug. */
  readonly debug: (message: string, prefix?: string) => void;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}
