// SPDX-License-Identifier: Apache-2.0
// `corefly image cat-manifest`: the manifest of an ACI, the config of an OCI image.
import { UsageError } from "../errors.ts";
import { ImageStore } from "../store/image-store.ts";
import { type FlagSpec, parseFlags } from "./flags.ts";
import type { Verb, VerbContext } from "./verb.ts";

const FLAGS: readonly FlagSpec[] = [
  { name: "pretty-print", kind: "boolean", help: "Indent (default true)" },
];

export const verb: Verb = {
  name: "image cat-manifest",
  summary: "Print the manifest of an image",
  usage: "[--pretty-print=true] IMAGE",
  flags: FLAGS,
  run,
};

async function run(args: readonly string[], context: VerbContext): Promise<number> {
  const flags = parseFlags(FLAGS, args);
  const [reference, ...rest] = flags.positionals;
  if (reference === undefined || rest.length > 0) {
    throw new UsageError("Cannot print manifest: expected one image");
  }
  const store = await ImageStore.open(context.globals.dataDir, context.system);
  const { manifest } = await store.record(reference);
  const isPretty = !flags.has("pretty-print") || flags.boolean("pretty-print");
  context.out(`${JSON.stringify(manifest, undefined, isPretty ? "\t" : undefined)}\n`);
  return 0;
}
