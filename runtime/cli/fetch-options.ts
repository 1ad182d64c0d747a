// SPDX-License-Identifier: Apache-2.0
// Flags about fetching, for the verbs that fetch: fetch and run.
import { UsageError } from "../errors.ts";
import type { FetchOptions, PullPolicy } from "../image/fetch.ts";
import type { FetchProgress } from "../image/import-options.ts";
import type { ImageStore } from "../store/image-store.ts";
import type { FlagSpec, ParsedFlags } from "./flags.ts";
import type { VerbContext } from "./verb.ts";

/** Configuration directories, the vendor's first. */
export function configDirectories({ globals }: VerbContext): readonly string[] {
  const { systemConfigDir, localConfigDir, userConfigDir } = globals;
  return [systemConfigDir, localConfigDir, userConfigDir].filter((directory) => directory !== "");
}

export const PULL_POLICY_FLAGS: readonly FlagSpec[] = [
  {
    name: "pull-policy",
    kind: "string",
    value: "new|update|never",
    help: "When to fetch: what is not in the store, what changed, nothing",
  },
  { name: "store-only", kind: "boolean", help: "The same as --pull-policy=never", hidden: true },
  { name: "no-store", kind: "boolean", help: "The same as --pull-policy=update", hidden: true },
];

/** Throws UsageError for an unknown policy. */
export function pullPolicy(flags: ParsedFlags, otherwise: PullPolicy): PullPolicy {
  if (flags.boolean("store-only") && flags.boolean("no-store")) {
    throw new UsageError("flags --store-only and --no-store are mutually exclusive");
  }
  const short = flags.boolean("store-only")
    ? "never"
    : flags.boolean("no-store")
      ? "update"
      : otherwise;
  const policy = flags.string("pull-policy") ?? short;
  if (policy !== "new" && policy !== "update" && policy !== "never") {
    throw new UsageError(`Unknown pull policy "${policy}": expected new, update or never`);
  }
  return policy;
}

export function fetchOptions(
  context: VerbContext,
  store: ImageStore,
  choices: { readonly pullPolicy: PullPolicy; readonly signature?: string | undefined },
): FetchOptions {
  const { system, globals, cwd, signal } = context;
  return {
    store,
    system,
    config: { directories: configDirectories(context) },
    insecure: globals.insecureOptions,
    cwd,
    signal,
    onProgress: progressLines(context),
    ...choices,
  };
}

const LINE_EVERY_MS = 5000;

/** A line on stderr for what takes long; short fetches print nothing. */
function progressLines({ system, warn }: VerbContext): (progress: FetchProgress) => void {
  let nextAt = system.clock.monotonic() + LINE_EVERY_MS;
  return ({ what, doneBytes, totalBytes }) => {
    const now = system.clock.monotonic();
    if (now >= nextAt) {
      nextAt = now + LINE_EVERY_MS;
      const of = totalBytes === undefined ? "" : ` of ${mebibytes(totalBytes)}`;
      warn(`${what}: ${mebibytes(doneBytes)}${of}`, "image");
    }
  };
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
