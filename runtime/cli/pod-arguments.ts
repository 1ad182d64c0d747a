// SPDX-License-Identifier: Apache-2.0
// Pods as verbs name them: UUIDs or their beginnings, or --uuid-file.
import { CoreflyError, UsageError } from "../errors.ts";
import { readUuidFile } from "../pod/pods.ts";
import type { FlagSpec, ParsedFlags } from "./flags.ts";
import type { VerbContext } from "./verb.ts";

export const UUID_FILE_FLAG: FlagSpec = {
  name: "uuid-file",
  kind: "string",
  value: "FILE",
  help: "Read the pod's UUID from there",
};

/** rkt's exit code where --uuid-file cannot be read. */
export const EXIT_UUID_FILE = 1;

export class UuidFileError extends CoreflyError {}

/**
 * The words that name pods, not resolved yet. Throws UsageError when there are none, or both UUIDs and a file; UuidFileError
 * when the file cannot be read.
 */
export function podWords(flags: ParsedFlags, context: VerbContext): readonly string[] {
  const file = flags.string("uuid-file");
  if (file === undefined) {
    if (flags.positionals.length === 0) {
      throw new UsageError("must provide at least one pod UUID, or --uuid-file");
    }
    return flags.positionals;
  }
  if (flags.positionals.length > 0) {
    throw new UsageError("Cannot use --uuid-file together with a UUID");
  }
  try {
    return [readUuidFile(context.system, file)];
  } catch (cause) {
    throw new UuidFileError("NOT_FOUND", cause instanceof Error ? cause.message : String(cause));
  }
}
