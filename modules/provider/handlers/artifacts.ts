// SPDX-License-Identifier: Apache-2.0
// Artifacts: what nodes need, made where it is missing. Digests come from the lock, so previews know them; the runtime is
// bundled for its digest, which takes a moment. The cache belongs to all stacks: nothing is deleted from it.

import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import type { Architecture } from "../../artifacts/artifact.ts";
import { isArtifactName, artifacts as table } from "../../artifacts/table.ts";
import { hostArchitecture } from "../build/host.ts";
import { knownArtifacts, obtainArtifacts } from "../build/obtain.ts";
import { diffBySchema, withChanges } from "../diff.ts";
import type { CheckFailure, DiffKind, ResourceContext, ResourceHandler } from "../handler.ts";
import { hasUnknown, isMap, type PropertyValues, UNKNOWN } from "../property-value.ts";
import { listOf, mapOf, optionalText, textsOf } from "../read-values.ts";

/** Everything compiled from sources on a slow machine. */
const TWO_HOURS_SECONDS = 7200;

export const artifacts: ResourceHandler = {
  type: "corefly:index:Artifacts",
  schema: {
    description: "Artefacts that nodes need, in the cache of this workstation.",
    inputs: {
      names: {
        type: "array",
        description: "Names of the table in modules/artifacts.",
        required: true,
        items: { type: "string", description: "A name." },
      },
      architecture: {
        type: "string",
        description: "Of the nodes; by default the workstation's.",
        values: ["amd64", "arm64"],
      },
      versions: {
        type: "map",
        description: "Versions that the artefacts must have, by name.",
        items: { type: "string", description: "A version." },
      },
      source: {
        type: "string",
        description: "URL of a folder with released artefacts, which are then not built.",
        pattern: /https?:\/\/[^\s/]+[^\s]*/,
        patternHint: "an http or https URL",
      },
    },
    outputs: {
      files: {
        type: "map",
        description: "Digest, size and path of each, by name.",
        items: {
          type: "object",
          description: "A file.",
          properties: {
            sha512: { type: "string", description: "128 hexadecimal digits.", required: true },
            sizeBytes: { type: "integer", description: "Its size.", required: true },
            path: { type: "string", description: "Where it is.", required: true },
          },
        },
      },
    },
  },
  timeoutSeconds: TWO_HOURS_SECONDS,
  // Files vanish with `make clean`, or with the cache of a CI machine.
  refreshBeforeUpdate: true,

  async check(_olds, news) {
    return { inputs: news, failures: [...nameFailures(news), ...versionFailures(news)] };
  },

  async diff(olds, news, context) {
    const diff = diffBySchema(olds, news, this.schema);
    if (hasUnknown(news)) return diff;
    const changed: Record<string, DiffKind> = {};
    const present = mapOf(olds, "files");
    for (const [name, digest] of Object.entries(await knownDigests(news, context))) {
      const file = present[name];
      if (!isMap(file)) changed[`files["${name}"]`] = "add";
      else if (digest !== undefined && file["sha512"] !== digest.sha512) {
        changed[`files["${name}"].sha512`] = "update";
      }
    }
    return withChanges(diff, changed);
  },

  async plan(_olds, news, context) {
    if (hasUnknown(news)) return {};
    const known = await knownDigests(news, context);
    const files = Object.entries(known).map(([name, digest]) => [
      name,
      digest === undefined
        ? UNKNOWN
        : { ...digest, path: `${context.cacheDir}/blobs/sha512/${digest.sha512}` },
    ]);
    return { files: Object.fromEntries(files) };
  },

  async create(inputs, context) {
    return { id: randomUUID(), outputs: await obtain(inputs, context) };
  },

  async read(id, olds) {
    const files = Object.entries(mapOf(olds, "files"));
    const present = await Promise.all(files.map(async ([, file]) => await isThere(file)));
    const { files: _, ...inputs } = olds;
    return {
      id,
      inputs,
      outputs: { files: Object.fromEntries(files.filter((_file, index) => present[index])) },
    };
  },

  async update(_id, _olds, news, context) {
    return await obtain(news, context);
  },
};

interface Digest {
  readonly sha512: string;
  readonly sizeBytes: number;
}

async function knownDigests(
  inputs: PropertyValues,
  context: ResourceContext,
): Promise<Readonly<Record<string, Digest | undefined>>> {
  // Silent: the moment that the runtime takes is no progress.
  return await knownArtifacts(textsOf(inputs, "names"), {
    ...options(inputs, context),
    onProgress: undefined,
  });
}

async function obtain(inputs: PropertyValues, context: ResourceContext): Promise<PropertyValues> {
  const obtained = await obtainArtifacts(textsOf(inputs, "names"), options(inputs, context));
  const files = Object.entries(obtained).map(([name, { sha512, sizeBytes, path }]) => [
    name,
    { sha512, sizeBytes, path },
  ]);
  return { files: Object.fromEntries(files) };
}

function options(inputs: PropertyValues, context: ResourceContext) {
  const releaseUrl = optionalText(inputs, "source");
  return {
    cacheDir: context.cacheDir,
    architecture: architectureOf(inputs),
    onProgress: (message: string) => context.status(message),
    signal: context.signal,
    source: releaseUrl === undefined ? undefined : { releaseUrl },
  };
}

function architectureOf(inputs: PropertyValues): Architecture {
  const text = optionalText(inputs, "architecture");
  return text === "amd64" || text === "arm64" ? text : hostArchitecture();
}

function nameFailures(news: PropertyValues): CheckFailure[] {
  const architecture = architectureOf(news);
  return listOf(news, "names").flatMap((name, index) => {
    const reason = typeof name === "string" ? nameFailure(name, architecture) : undefined;
    return reason === undefined ? [] : [{ property: `names[${index}]`, reason }];
  });
}

function nameFailure(name: string, architecture: Architecture): string | undefined {
  if (!isArtifactName(name)) {
    const known = Object.keys(table).join(", ");
    return `Found "${name}", expected one of ${known}`;
  }
  const { architectures } = table[name];
  return architectures.includes(architecture)
    ? undefined
    : `Found no "${name}" for ${architecture}, expected one of ${architectures.join(", ")}`;
}

function versionFailures(news: PropertyValues): CheckFailure[] {
  return Object.entries(mapOf(news, "versions")).flatMap(([name, wanted]) => {
    if (typeof wanted !== "string") return [];
    const property = `versions["${name}"]`;
    if (!isArtifactName(name)) {
      return [{ property, reason: `Found no artefact "${name}", expected a name of the table` }];
    }
    const { version } = table[name];
    return version === wanted
      ? []
      : [{ property, reason: `Found no "${name}" ${wanted}, expected ${version}` }];
  });
}

async function isThere(file: unknown): Promise<boolean> {
  const { path, sizeBytes } = Object(file);
  if (typeof path !== "string") return false;
  const found = await stat(path).catch(() => undefined);
  return found?.size === sizeBytes;
}
