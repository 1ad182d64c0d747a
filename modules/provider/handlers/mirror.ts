// SPDX-License-Identifier: Apache-2.0
// Mirror: an HTTP server on the workstation's loopback from which nodes download everything. It is a process of its own
// that outlives the provider; one that died is started again by the next `up`.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { cachePath } from "../build/cache.ts";
import { diffBySchema, withChanges } from "../diff.ts";
import type { CheckFailure, ResourceContext, ResourceHandler } from "../handler.ts";
import { folderName } from "../machine/machine-folder.ts";
import {
  type MirrorConfig,
  parseReference,
  pathProblem,
  type ServedFile,
} from "../mirror/config.ts";
import {
  hasStrayMirror,
  type MirrorFolder,
  mirrorFolder,
  runningMirror,
  startMirror,
  stopMirror,
} from "../mirror/run-mirror.ts";
import { takenPorts } from "../processes/ports.ts";
import { isMap, type PropertyValue, type PropertyValues } from "../property-value.ts";
import { mapOf, numberOf, optionalText, textOf } from "../read-values.ts";
import type { ResourceSchema } from "../resource-schema.ts";
import { removeResourceFolder } from "../stack-folder.ts";

const DIGEST = {
  type: "string",
  pattern: /[0-9a-f]{128}/,
  patternHint: "128 hexadecimal digits",
  description: "Digest of a file in the cache.",
} as const;

const schema: ResourceSchema = {
  description: "Serves files by digest and images by the OCI distribution API, read only.",
  stables: ["logPath"],
  inputs: {
    port: {
      type: "integer",
      required: true,
      minimum: 1,
      maximum: 65_535,
      description: "Port of 127.0.0.1.",
    },
    portName: { type: "string", default: "port", description: "What messages call the port." },
    files: {
      type: "map",
      description: "Files by path, besides /sha512/<digest>.",
      items: {
        type: "object",
        description: "One of sha512 and text.",
        properties: {
          sha512: DIGEST,
          text: { type: "string", description: "The file's contents." },
        },
      },
    },
    images: {
      type: "map",
      description: "OCI layout archives by repository:tag.",
      items: {
        type: "object",
        description: "An archive.",
        properties: { sha512: { ...DIGEST, required: true } },
      },
    },
  },
  outputs: {
    url: { type: "string", description: "Address on the workstation." },
    guestUrl: { type: "string", description: "Address in a QEMU machine." },
    logPath: { type: "string", description: "The log, a line for each request." },
    pid: { type: "integer", description: "The mirror's process." },
    running: { type: "boolean", description: "Whether it ran at the last look." },
  },
};

export const mirror: ResourceHandler = {
  type: "corefly:index:Mirror",
  schema,

  async check(_olds, news, context) {
    return { inputs: news, failures: await checkMirror(news, context) };
  },

  async diff(olds, news, context) {
    const diff = diffBySchema(olds, news, schema);
    const running = await runningMirror(folderOf(context));
    return running === undefined ? withChanges(diff, { running: "update" }) : diff;
  },

  async plan(_olds, news, context) {
    return typeof news["port"] === "number" ? addresses(news["port"], folderOf(context)) : {};
  },

  async create(inputs, context) {
    return { id: context.name, outputs: await start(inputs, context) };
  },

  async read(id, olds, context) {
    const running = await runningMirror(folderOf(context));
    const inputs = Object.entries(olds).filter(([name]) => name in schema.inputs);
    const found = { running: running !== undefined, pid: running?.process.pid ?? 0 };
    return { id, inputs: Object.fromEntries(inputs), outputs: { ...olds, ...found } };
  },

  async update(_id, _olds, news, context) {
    return start(news, context);
  },

  async delete(_id, _olds, context) {
    const folder = folderOf(context);
    await stopMirror(folder);
    await removeResourceFolder(folder.path, context);
  },
};

async function start(inputs: PropertyValues, context: ResourceContext): Promise<PropertyValues> {
  const folder = folderOf(context);
  const port = numberOf(inputs, "port");
  const config: MirrorConfig = {
    port,
    blobs: cachePath(context.cacheDir, "blobs", "sha512"),
    files: entriesOf(inputs, "files", servedFile),
    images: entriesOf(inputs, "images", (image) => textOf(image, "sha512")),
  };
  await requireBlobs(config);
  const record = await startMirror(config, folder, context.now(), context.signal);
  return { ...addresses(port, folder), pid: record.process.pid, running: true };
}

function servedFile(file: PropertyValues): ServedFile {
  const sha512 = optionalText(file, "sha512");
  return sha512 === undefined
    ? { kind: "text", text: textOf(file, "text") }
    : { kind: "blob", sha512 };
}

function entriesOf<T>(
  values: PropertyValues,
  name: string,
  read: (entry: PropertyValues) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(
    Object.entries(mapOf(values, name)).flatMap(([key, entry]) =>
      isMap(entry) ? [[key, read(entry)] as const] : [],
    ),
  );
}

// Better now, with the file's name, than a node that finds nothing.
async function requireBlobs(config: MirrorConfig): Promise<void> {
  const wanted = [
    ...Object.entries(config.files).flatMap(([path, file]) =>
      file.kind === "blob" ? [[path, file.sha512] as const] : [],
    ),
    ...Object.entries(config.images),
  ];
  for (const [name, sha512] of wanted) {
    if ((await stat(join(config.blobs, sha512)).catch(() => undefined)) === undefined) {
      throw new Error(
        `Cannot serve "${name}": sha512-${sha512.slice(0, 12)}… is not in ${config.blobs}`,
      );
    }
  }
}

async function checkMirror(
  news: PropertyValues,
  context: ResourceContext,
): Promise<readonly CheckFailure[]> {
  return [
    ...(await checkPort(news, context)),
    ...Object.entries(mapOf(news, "files")).flatMap(([path, file]) => checkFile(path, file)),
    ...Object.keys(mapOf(news, "images")).flatMap((reference) =>
      parseReference(reference) === undefined
        ? [{ property: `images["${reference}"]`, reason: "Expected repository:tag" }]
        : [],
    ),
  ];
}

async function checkPort(
  news: PropertyValues,
  context: ResourceContext,
): Promise<readonly CheckFailure[]> {
  const { port, portName } = news;
  if (typeof port !== "number") return [];
  const running = await runningMirror(folderOf(context));
  if (running?.ports.includes(port) === true || (await takenPorts([port])).length === 0) return [];
  if (running === undefined && (await hasStrayMirror(folderOf(context)))) return [];
  const reason = `Port ${port} of 127.0.0.1 is taken by another program, expected a free one`;
  return [{ property: typeof portName === "string" ? portName : "port", reason }];
}

function checkFile(path: string, file: PropertyValue): readonly CheckFailure[] {
  const property = `files["${path}"]`;
  const problem = pathProblem(path);
  if (problem !== undefined) return [{ property, reason: `Found this path, ${problem}` }];
  const given = isMap(file) ? ["sha512", "text"].filter((name) => file[name] !== undefined) : [];
  return !isMap(file) || given.length === 1
    ? []
    : [{ property, reason: `Found ${given.length} contents, expected sha512 or text` }];
}

function addresses(port: number, folder: MirrorFolder): PropertyValues {
  return {
    url: `http://127.0.0.1:${port}`,
    guestUrl: `http://10.0.2.2:${port}`,
    logPath: folder.log,
  };
}

function folderOf(context: ResourceContext): MirrorFolder {
  return mirrorFolder(join(context.stackDir, "mirrors", folderName(context.name)));
}
