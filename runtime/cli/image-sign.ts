// SPDX-License-Identifier: Apache-2.0
// `corefly image sign`: the detached signature that goes beside an image.
import { resolve } from "node:path";
import { NotFoundError, UsageError } from "../errors.ts";
import { signFile } from "../trust/sign.ts";
import { type FlagSpec, parseFlags } from "./flags.ts";
import type { Verb, VerbContext } from "./verb.ts";

const FLAGS: readonly FlagSpec[] = [
  { name: "key", kind: "string", value: "FILE", help: "Armored OpenPGP private key" },
];

export const verb: Verb = {
  name: "image sign",
  summary: "Sign an image file with an OpenPGP key",
  usage: "--key=PRIVATE.asc IMAGE.aci [OUT.asc]",
  flags: FLAGS,
  description: `Writes an armored detached signature, by default to IMAGE.aci.asc, where "fetch" looks for it.
`,
  run,
};

async function run(args: readonly string[], context: VerbContext): Promise<number> {
  const flags = parseFlags(FLAGS, args);
  const [image, out = `${image}.asc`, ...rest] = flags.positionals;
  const keyFile = flags.string("key");
  if (image === undefined || keyFile === undefined || rest.length > 0) {
    throw new UsageError("Cannot sign image: expected --key=PRIVATE.asc and IMAGE");
  }
  const { files } = context.system;
  const key = await files.findText(resolve(context.cwd, keyFile));
  const path = resolve(context.cwd, image);
  if (key === undefined || !(await files.exists(path))) {
    throw new NotFoundError(`Cannot sign image: no file "${key === undefined ? keyFile : image}"`);
  }
  const signature = await signFile(path, key, { system: context.system });
  await files.writeFileAtomic(resolve(context.cwd, out), signature);
  return 0;
}
