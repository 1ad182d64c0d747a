// SPDX-License-Identifier: Apache-2.0
// `corefly gc`: removes pods that are over, and files of images that nothing names.
import { EXIT_FAILURE, UsageError } from "../errors.ts";
import { netStateDir } from "../net/attach.ts";
import { Pods } from "../pod/pods.ts";
import { collectPods } from "../stage0/gc.ts";
import { ImageStore } from "../store/image-store.ts";
import type { System } from "../system/system.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { errorLine } from "./errors.ts";
import { type FlagSpec, parseFlags } from "./flags.ts";
import { ociHost } from "./oci-host.ts";
import type { Verb } from "./verb.ts";

const FLAGS: readonly FlagSpec[] = [
  {
    name: "grace-period",
    kind: "string",
    value: "DURATION",
    help: "Keep pods this long after they were found exited (default 30m)",
  },
  {
    name: "expire-prepared",
    kind: "string",
    value: "DURATION",
    help: "Keep prepared pods this long (default 24h)",
  },
  { name: "mark-only", kind: "boolean", help: "Mark exited pods, remove nothing" },
];

export const verb: Verb = {
  name: "gc",
  summary: "Remove pods that are over",
  usage: "[--grace-period=30m] [--expire-prepared=24h] [--mark-only]",
  description: `Pods of the kubelet are the kubelet's to remove. Files go too that no image in the store needs, when nothing has them
mounted: of images that were removed while something used them, and of fetches that failed more than an hour ago.
`,
  flags: FLAGS,
  needsRoot: true,
  run: async (args, context) => {
    const { system, globals, out, warn } = context;
    const flags = parseFlags(FLAGS, args);
    if (flags.positionals.length > 0) {
      throw new UsageError(`Unexpected argument "${flags.positionals[0]}"`);
    }
    const graceMs = parseDuration(flags.string("grace-period") ?? "30m", "grace-period");
    const errors = await collectPods(
      { system, oci: ociHost(context), pods: new Pods(system, globals.dataDir) },
      {
        graceMs,
        expirePreparedMs: parseDuration(
          flags.string("expire-prepared") ?? "24h",
          "expire-prepared",
        ),
        markOnly: flags.boolean("mark-only"),
      },
      {
        notice: (message) =>
          warn(
            message.endsWith("grace period") ? `${message} (${formatDuration(graceMs)})` : message,
          ),
        removing: (uuid) => out(`Garbage collecting pod "${uuid}"\n`),
      },
    );
    await system.files.removeStaleTemporaries(netStateDir(globals.dataDir));
    const failures = flags.boolean("mark-only")
      ? errors
      : [...errors, ...(await collectTrees(globals.dataDir, system))];
    for (const error of failures) {
      warn(errorLine(error));
    }
    return failures.length === 0 ? 0 : EXIT_FAILURE;
  },
};

/** After the pods: what they had mounted is free by then. Answers what failed. */
async function collectTrees(dataDir: string, system: System): Promise<readonly unknown[]> {
  try {
    const store = await ImageStore.open(dataDir, system);
    await store.removeUnusedTrees();
    return [];
  } catch (error) {
    return [error];
  }
}
