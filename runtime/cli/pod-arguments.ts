// SPDX-License-Identifier: Apache-2.0
// Pods as verbs name them: UUIDs or their beginnings, or --uuid-file.
import { CoreflyError, EXIT_FAILURE, UsageError } from "../errors.ts";
import type { Pod } from "../pod/pod.ts";
import { Pods, readUuidFile } from "../pod/pods.ts";
import { errorLine } from "./errors.ts";
import type { FlagSpec, ParsedFlags } from "./flags.ts";
import type { VerbContext } from "./verb.ts";

export const UUID_FILE_FLAG: FlagSpec = {
  name: "uuid-file",
  kind: "string",
  value: "FILE",
  help: "Read the pod's UUID from there",
};

/** rkt's exit code where `status` and `stop` cannot read --uuid-file. */
const EXIT_UUID_FILE = 1;

export class UuidFileError extends CoreflyError {}

/** Runs what may throw UuidFileError; answers its exit code, or that one. */
export async function withUuidFileCode(
  { warn }: VerbContext,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UuidFileError) {
      warn(errorLine(error));
      return EXIT_UUID_FILE;
    }
    throw error;
  }
}

/** Does something to each pod that is named, whatever becomes of the others; answers the exit code. */
export async function forEachPod(
  words: readonly string[],
  { system, globals, warn }: VerbContext,
  act: (pod: Pod) => void | Promise<void>,
  summary: (failures: number) => string,
): Promise<number> {
  const pods = new Pods(system, globals.dataDir);
  let failures = 0;
  for (const word of words) {
    try {
      using pod = pods.get(word);
      await act(pod);
    } catch (error) {
      failures += 1;
      warn(errorLine(error));
    }
  }
  if (failures > 0 && words.length > 1) {
    warn(summary(failures));
  }
  return failures === 0 ? 0 : EXIT_FAILURE;
}

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
