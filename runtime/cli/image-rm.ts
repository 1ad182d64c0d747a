// SPDX-License-Identifier: Apache-2.0
// `corefly image rm`: takes images out of the store.
import { CoreflyError, EXIT_FAILURE, UsageError } from "../errors.ts";
import { ImageStore } from "../store/image-store.ts";
import { parseFlags } from "./flags.ts";
import type { Verb, VerbContext } from "./verb.ts";

export const verb: Verb = {
  name: "image rm",
  summary: "Remove images from the store",
  usage: "IMAGE...",
  description: `IMAGE is an id, a part of one (sha512-0123…), or a name. Files of an image that something still uses
stay until the next \`corefly gc\`, or hourly look of a CRI server, that finds that nothing does any more.
`,
  needsRoot: true,
  run,
};

async function run(args: readonly string[], context: VerbContext): Promise<number> {
  const { positionals } = parseFlags([], args);
  if (positionals.length === 0) {
    throw new UsageError("Cannot remove images: expected at least one");
  }
  const store = await ImageStore.open(context.globals.dataDir, context.system);
  let removed = 0;
  let failed = 0;
  for (const reference of positionals) {
    try {
      const { id } = await store.get(reference);
      await store.remove(id);
      removed += 1;
      context.out(`successfully removed aci for image: "${id}"\n`);
    } catch (error) {
      if (!(error instanceof CoreflyError)) {
        throw error;
      }
      failed += 1;
      context.warn(error.message, "rm");
    }
  }
  if (failed > 0) {
    context.warn(`${removed} image(s) successfully removed`, "rm");
    context.warn(`${failed} image(s) cannot be removed`, "rm");
    return EXIT_FAILURE;
  }
  return 0;
}
