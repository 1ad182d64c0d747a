// SPDX-License-Identifier: Apache-2.0
// ImageSignature: a detached OpenPGP signature of an image in the artefact cache. The runtime's own program signs, as a
// user would: `corefly image sign`.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "../build/repository.ts";
import type { ResourceContext, ResourceHandler } from "../handler.ts";
import { runProgram } from "../program.ts";
import type { PropertyValues } from "../property-value.ts";
import { textOf } from "../read-values.ts";

export const imageSignature: ResourceHandler = {
  type: "corefly:index:ImageSignature",
  schema: {
    description: "A detached OpenPGP signature of an image in the artefact cache.",
    inputs: {
      imageSha512: {
        type: "string",
        description: "The image's digest.",
        required: true,
        pattern: /[0-9a-f]{128}/,
        patternHint: "a sha512 of 128 hexadecimal digits in lower case",
      },
      signingKey: {
        type: "string",
        description: "An OpenPGP private key, armored.",
        required: true,
        secret: true,
        pattern: /\s*-----BEGIN PGP PRIVATE KEY BLOCK-----.*/s,
        patternHint: "an armored OpenPGP private key",
      },
    },
    outputs: { signature: { type: "string", description: "The signature, armored." } },
  },

  async create(inputs, context) {
    return { id: randomUUID(), outputs: { signature: await sign(inputs, context) } };
  },

  async update(_id, _olds, news, context) {
    return { signature: await sign(news, context) };
  },
};

async function sign(inputs: PropertyValues, context: ResourceContext): Promise<string> {
  const sha512 = textOf(inputs, "imageSha512");
  const image = join(context.cacheDir, "blobs/sha512", sha512);
  if (!existsSync(image)) {
    throw new Error(
      `Cannot sign image sha512-${sha512.slice(0, 12)}: found nothing in the cache, expected "${image}"`,
    );
  }
  const folder = await mkdtemp(join(tmpdir(), "corefly-sign-"));
  try {
    const key = join(folder, "private.asc");
    const signature = join(folder, "image.asc");
    await writeFile(key, textOf(inputs, "signingKey"), { mode: 0o600 });
    context.status("signing the image");
    await runProgram(
      process.execPath,
      [
        "--disable-warning=ExperimentalWarning",
        join(REPOSITORY, "runtime/cli/main.ts"),
        "image",
        "sign",
        image,
        `--key=${key}`,
        signature,
      ],
      { what: "sign the image", signal: context.signal },
    );
    return await readFile(signature, "utf8");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
