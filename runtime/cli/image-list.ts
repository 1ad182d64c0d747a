// SPDX-License-Identifier: Apache-2.0
// `corefly image list`: what is in the store.
import { UsageError } from "../errors.ts";
import { ImageStore, type StoredImage } from "../store/image-store.ts";
import { type FlagSpec, parseFlags } from "./flags.ts";
import { ago, formatTime, table } from "./output.ts";
import type { Verb, VerbContext } from "./verb.ts";

const FIELDS = ["id", "name", "size", "importtime", "lastused"] as const;
type Field = (typeof FIELDS)[number];

const HEADINGS: Readonly<Record<Field, string>> = {
  id: "ID",
  name: "NAME",
  size: "SIZE",
  importtime: "IMPORT TIME",
  lastused: "LAST USED",
};

const FLAGS: readonly FlagSpec[] = [
  { name: "fields", kind: "string", value: "LIST", help: `Columns (default ${FIELDS.join(",")})` },
  {
    name: "sort",
    kind: "string",
    value: "LIST",
    help: "Sort by these columns (default importtime)",
  },
  { name: "order", kind: "string", value: "asc|desc", help: "Order of the sort (default asc)" },
  { name: "no-legend", kind: "boolean", help: "No heading" },
  { name: "full", kind: "boolean", help: "Whole ids, bytes and exact times" },
  { name: "format", kind: "string", value: "json|json-pretty", help: "JSON instead of a table" },
];

export const verb: Verb = {
  name: "image list",
  summary: "List images in the store",
  usage: "[--fields=LIST] [--sort=LIST] [--order=asc|desc] [--no-legend] [--full] [--format=json]",
  flags: FLAGS,
  run,
};

async function run(args: readonly string[], context: VerbContext): Promise<number> {
  const flags = parseFlags(FLAGS, args);
  const fields = parseFields(flags.string("fields") ?? FIELDS.join(","));
  const sort = parseFields(flags.string("sort") ?? "importtime");
  const order = flags.string("order") ?? "asc";
  const format = flags.string("format") ?? "";
  if ((order !== "asc" && order !== "desc") || !["", "json", "json-pretty"].includes(format)) {
    throw new UsageError(
      "Cannot list images: --order is asc or desc, --format is json or json-pretty",
    );
  }
  const store = await ImageStore.open(context.globals.dataDir, context.system);
  const images = [...(await store.list())].sort((a, b) => compare(a, b, sort));
  const sorted = order === "asc" ? images : images.reverse();
  if (format !== "") {
    // An empty list is null: so Go marshals it, and scripts written for rkt expect it.
    const values = sorted.length === 0 ? null : sorted.map(jsonOf);
    context.out(`${JSON.stringify(values, undefined, format === "json" ? undefined : "\t")}\n`);
    return 0;
  }
  const isFull = flags.boolean("full");
  const now = context.system.clock.now();
  const rows = sorted.map((image) => fields.map((field) => cell(image, field, isFull, now)));
  const headings = flags.boolean("no-legend") ? [] : [fields.map((field) => HEADINGS[field])];
  context.out(`${table([...headings, ...rows])}\n`);
  return 0;
}

function parseFields(list: string): readonly Field[] {
  return list.split(",").map((name) => {
    const field = FIELDS.find((known) => known === name);
    if (field === undefined) {
      throw new UsageError(
        `Cannot list images: unknown field "${name}", expected ${FIELDS.join(", ")}`,
      );
    }
    return field;
  });
}

function compare(a: StoredImage, b: StoredImage, fields: readonly Field[]): number {
  for (const field of fields) {
    const [left, right] = [keyOf(a, field), keyOf(b, field)];
    if (left !== right) {
      return left < right ? -1 : 1;
    }
  }
  return 0;
}

function keyOf(image: StoredImage, field: Field): string | number {
  switch (field) {
    case "id":
      return image.id;
    case "name":
      return nameOf(image);
    case "size":
      return image.sizeBytes;
    case "importtime":
      return image.importedAtMs;
    case "lastused":
      return image.lastUsedAtMs;
  }
}

function cell(image: StoredImage, field: Field, isFull: boolean, now: number): string {
  const time = (at: number) => (isFull ? formatTime(at) : ago(now - at));
  switch (field) {
    case "id":
      return image.id.slice(0, "sha512-".length + (isFull ? 64 : 12));
    case "name":
      return nameOf(image);
    case "size":
      return isFull ? String(image.sizeBytes) : binarySize(image.sizeBytes);
    case "importtime":
      return time(image.importedAtMs);
    case "lastused":
      return time(image.lastUsedAtMs);
  }
}

function nameOf({ name, labels, repoTags, repoDigests }: StoredImage): string {
  const version = labels["version"];
  return repoTags[0] ?? repoDigests[0] ?? (version === undefined ? name : `${name}:${version}`);
}

function binarySize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 10 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

function jsonOf(image: StoredImage) {
  return {
    id: image.id,
    name: nameOf(image),
    import_time: image.importedAtMs * 1_000_000,
    last_used_time: image.lastUsedAtMs * 1_000_000,
    size: image.sizeBytes,
  };
}
