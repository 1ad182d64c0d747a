// SPDX-License-Identifier: Apache-2.0
// `corefly gc`: removes pods that are over.
import { EXIT_FAILURE, UsageError } from "../errors.ts";
import { netStateDir } from "../net/attach.ts";
import { Pods } from "../pod/pods.ts";
import { collectPods } from "../stage0/gc.ts";
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
  description: "Pods of the kubelet are the kubelet's to remove.",
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
    for (const error of errors) {
      warn(errorLine(error));
    }
    return errors.length === 0 ? 0 : EXIT_FAILURE;
  },
};
