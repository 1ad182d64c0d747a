// SPDX-License-Identifier: Apache-2.0
// Help texts, all made from the same data that the parser uses.
import { describeFlags } from "./flags.ts";
import { GLOBAL_FLAGS } from "./globals.ts";
import type { Verb } from "./verb.ts";

/** `corefly help`. */
export function overview(
  entries: readonly {
    readonly name: string;
    readonly summary: string;
    readonly hidden?: boolean;
  }[],
): string {
  const shown = entries.filter(({ hidden }) => hidden !== true);
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  const verbs = shown.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join("");
  return `corefly: pods and images, run, verified and listed

Usage: corefly [FLAGS] VERB [ARGUMENTS]

Verbs:
${verbs}
Flags of every verb:
${describeFlags(GLOBAL_FLAGS)}
"corefly VERB --help" says more about one. Verbs may be shortened while they are unambiguous.
`;
}

/** `corefly VERB --help`. */
export function verbHelp(verb: Verb): string {
  const flags = verb.flags ?? [];
  return [
    `${verb.summary}\n\nUsage: corefly ${verb.name} ${verb.usage}`.trimEnd(),
    ...(verb.description === undefined ? [] : [verb.description.trimEnd()]),
    ...(flags.length === 0 ? [] : [`Flags:\n${describeFlags(flags).trimEnd()}`]),
    `Flags of every verb:\n${describeFlags(GLOBAL_FLAGS).trimEnd()}`,
  ]
    .join("\n\n")
    .concat("\n");
}
