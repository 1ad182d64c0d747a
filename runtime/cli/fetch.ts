// SPDX-License-Identifier: Apache-2.0
// `corefly fetch`: images into the store, their signatures checked.
import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { fetchImage } from "../image/fetch.ts";
import { ImageStore } from "../store/image-store.ts";
import { fetchOptions, PULL_POLICY_FLAGS, pullPolicy } from "./fetch-options.ts";
import { type FlagSpec, parseFlags } from "./flags.ts";
import type { Verb, VerbContext } from "./verb.ts";

const FLAGS: readonly FlagSpec[] = [
  {
    name: "signature",
    kind: "string",
    value: "FILE|URL",
    help: "Detached signature, when it is not at IMAGE.asc",
  },
  ...PULL_POLICY_FLAGS,
  { name: "full", kind: "boolean", help: "Print whole image ids" },
];

export const verb: Verb = {
  name: "fetch",
  summary: "Fetch images into the store",
  usage: "[--signature=FILE|URL] [--pull-policy=update] [--full] IMAGE...",
  flags: FLAGS,
  description: `IMAGE is a file or URL of an ACI, an appc name (example.com/app:1.0, found by discovery), docker://HOST/NAME:TAG, or
an image id. Prints one image id for each. An ACI needs a signature of a key that is trusted for its name (see "corefly trust").
`,
  run,
};

async function run(args: readonly string[], context: VerbContext): Promise<number> {
  const flags = parseFlags(FLAGS, args);
  const signature = flags.string("signature");
  if (flags.positionals.length === 0) {
    throw new UsageError("Cannot fetch: expected at least one image");
  }
  if (signature !== undefined && flags.positionals.length > 1) {
    throw new UsageError("Cannot fetch: --signature goes with exactly one image");
  }
  const store = await ImageStore.open(context.globals.dataDir, context.system);
  const options = fetchOptions(context, store, {
    pullPolicy: pullPolicy(flags, "update"),
    signature:
      signature === undefined || signature.includes("://")
        ? signature
        : resolve(context.cwd, signature),
  });
  for (const reference of flags.positionals) {
    const { id } = await fetchImage(reference, options);
    context.out(`${flags.boolean("full") ? id : shortId(id)}\n`);
  }
  return 0;
}

/** rkt's: the algorithm and 32 digits. */
function shortId(id: string): string {
  return id.slice(0, "sha512-".length + 32);
}
