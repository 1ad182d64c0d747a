// SPDX-License-Identifier: Apache-2.0
// `corefly image build`: an image from a description and files of this machine. The same input gives the same bytes.
import { resolve } from "node:path";
import { NotFoundError, UsageError } from "../errors.ts";
import { writeAci } from "../image/write/aci.ts";
import { writeOciLayout } from "../image/write/oci.ts";
import { parseImageSpec } from "../image/write/spec.ts";
import { type FlagSpec, parseFlags } from "./flags.ts";
import type { Verb, VerbContext } from "./verb.ts";

const FLAGS: readonly FlagSpec[] = [
  { name: "format", kind: "string", value: "aci|oci", help: "Format of the image (default aci)" },
];

export const verb: Verb = {
  name: "image build",
  summary: "Write an image from a description",
  usage: "[--format=aci|oci] SPEC.json OUT",
  flags: FLAGS,
  description: `Writes OUT and prints the image's id. An ACI is one tar, an OCI image one tar of an OCI layout with one uncompressed
layer. Owners, order and times are fixed: the same description and sources give the same bytes. See docs/images.md.
`,
  run,
};

async function run(args: readonly string[], context: VerbContext): Promise<number> {
  const flags = parseFlags(FLAGS, args);
  const [specFile, out, ...rest] = flags.positionals;
  const format = flags.string("format") ?? "aci";
  if (specFile === undefined || out === undefined || rest.length > 0) {
    throw new UsageError("Cannot build image: expected SPEC.json and OUT");
  }
  if (format !== "aci" && format !== "oci") {
    throw new UsageError(`Cannot build image: unknown format "${format}", expected aci or oci`);
  }
  const { system, signal } = context;
  const text = await system.files.findText(resolve(context.cwd, specFile));
  if (text === undefined) {
    throw new NotFoundError(`Cannot build image: no description "${specFile}"`);
  }
  const spec = parseImageSpec(text, `"${specFile}"`);
  const write = format === "aci" ? writeAci : writeOciLayout;
  context.out(`${await write(spec, resolve(context.cwd, out), { system, signal })}\n`);
  return 0;
}
