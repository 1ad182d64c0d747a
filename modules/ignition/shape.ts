// SPDX-License-Identifier: Apache-2.0
// The structure of an Ignition config as data: field kinds, keys of lists, the spec that introduced a field.
// Parsing, merging, validating, rendering and finding the lowest spec version all walk this one table;
// a test holds it against upstream's schema files. Fields are in upstream's (alphabetical) order: it decides which of two
// equal entries is called the duplicate.

/** A value without structure. `required` ones are never absent in upstream's parsed form: missing means "" or 0. */
export interface PrimitiveShape {
  readonly kind: "string" | "integer" | "boolean";
  readonly required: boolean;
}

/** An object with known fields. */
export interface StructShape {
  readonly kind: "struct";
  readonly fields: Readonly<Record<string, Field>>;
}

/** A list. `key` says when two items are the same entry; without it, merging appends and duplicates are fine. */
export interface ListShape {
  readonly kind: "list";
  readonly item: PrimitiveShape | StructShape;
  /** What one entry is called in messages. */
  readonly entry: string;
  readonly key?: (item: unknown) => string;
  /** Lists with the same handle in one struct share their keys: a path is a file, a directory or a link. */
  readonly shares?: string;
}

export type Shape = PrimitiveShape | StructShape | ListShape;

/** A field and the spec version in which it appeared. */
export interface Field {
  readonly shape: Shape;
  readonly since: string;
}

/** A JSON object, seen from outside. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const text: PrimitiveShape = { kind: "string", required: false };
const requiredText: PrimitiveShape = { kind: "string", required: true };
const integer: PrimitiveShape = { kind: "integer", required: false };
const flag: PrimitiveShape = { kind: "boolean", required: false };

function struct(fields: Readonly<Record<string, Shape | Field>>): StructShape {
  const entries = Object.entries(fields).map(([name, field]) => [name, asField(field)] as const);
  return { kind: "struct", fields: Object.fromEntries(entries) };
}

function asField(field: Shape | Field): Field {
  return "shape" in field ? field : { shape: field, since: "3.0.0" };
}

function since(version: string, shape: Shape): Field {
  return { shape, since: version };
}

/** A list whose entries are told apart by one of their fields. */
function keyed(entry: string, field: string, item: StructShape, shares?: string): ListShape {
  const key = (value: unknown) => (isFields(value) ? String(value[field] ?? "") : "");
  return { kind: "list", item, entry, key, ...(shares === undefined ? {} : { shares }) };
}

/** A list of strings, each its own key. */
function values(entry: string, shares?: string): ListShape {
  return {
    kind: "list",
    item: requiredText,
    entry,
    key: String,
    ...(shares === undefined ? {} : { shares }),
  };
}

/** A list that merging only ever appends to. */
function appended(entry: string, item: PrimitiveShape | StructShape = requiredText): ListShape {
  return { kind: "list", item, entry };
}

const header = struct({ name: requiredText, value: text });
const verification = struct({ hash: text });

function resource(compressionSince: string): StructShape {
  return struct({
    compression: since(compressionSince, text),
    httpHeaders: since("3.1.0", keyed("header", "name", header)),
    source: text,
    verification,
  });
}
const contents = resource("3.0.0");
const reference = resource("3.1.0");

const node = {
  group: struct({ id: integer, name: text }),
  overwrite: flag,
  path: requiredText,
  user: struct({ id: integer, name: text }),
};

const partition = struct({
  guid: text,
  label: text,
  number: integer,
  resize: since("3.2.0", flag),
  shouldExist: flag,
  sizeMiB: integer,
  startMiB: integer,
  typeGuid: text,
  wipePartitionEntry: flag,
});

const partitions: ListShape = {
  kind: "list",
  item: partition,
  entry: "partition",
  key: (value) => {
    if (!isFields(value)) return "";
    if (value["number"]) return `number:${value["number"]}`;
    return value["label"] === undefined ? "" : `label:${value["label"]}`;
  },
};

const clevis = struct({
  custom: struct({ config: text, needsNetwork: flag, pin: text }),
  tang: keyed(
    "tang server",
    "url",
    struct({ advertisement: since("3.4.0", text), thumbprint: text, url: requiredText }),
  ),
  threshold: integer,
  tpm2: flag,
});

const luks = struct({
  cex: since("3.5.0", struct({ enabled: flag })),
  clevis,
  device: text,
  discard: since("3.4.0", flag),
  keyFile: reference,
  label: text,
  name: requiredText,
  openOptions: since("3.4.0", values("open option")),
  options: appended("option"),
  uuid: text,
  wipeVolume: flag,
});

const storage = struct({
  directories: keyed("directory", "path", struct({ ...node, mode: integer }), "node"),
  disks: keyed("disk", "device", struct({ device: requiredText, partitions, wipeTable: flag })),
  files: keyed(
    "file",
    "path",
    struct({ ...node, append: appended("appended part", contents), contents, mode: integer }),
    "node",
  ),
  filesystems: keyed(
    "filesystem",
    "device",
    struct({
      device: requiredText,
      format: text,
      label: text,
      mountOptions: since("3.1.0", appended("mount option")),
      options: appended("option"),
      path: text,
      uuid: text,
      wipeFilesystem: flag,
    }),
  ),
  links: keyed("link", "path", struct({ ...node, hard: flag, target: text }), "node"),
  luks: since("3.2.0", keyed("luks volume", "name", luks)),
  raid: keyed(
    "raid array",
    "name",
    struct({
      devices: values("device"),
      level: text,
      name: requiredText,
      options: appended("option"),
      spares: integer,
    }),
  ),
});

const unit = struct({
  contents: text,
  dropins: keyed("drop-in", "name", struct({ contents: text, name: requiredText })),
  enabled: flag,
  mask: flag,
  name: requiredText,
});

const group = struct({
  gid: integer,
  name: requiredText,
  passwordHash: text,
  shouldExist: since("3.2.0", flag),
  system: flag,
});

const user = struct({
  gecos: text,
  groups: values("group"),
  homeDir: text,
  name: requiredText,
  noCreateHome: flag,
  noLogInit: flag,
  noUserGroup: flag,
  passwordHash: text,
  primaryGroup: text,
  shell: text,
  shouldExist: since("3.2.0", flag),
  sshAuthorizedKeys: values("SSH key"),
  system: flag,
  uid: integer,
});

const ignition = struct({
  config: struct({ merge: keyed("merged config", "source", reference), replace: reference }),
  proxy: since("3.1.0", struct({ httpProxy: text, httpsProxy: text, noProxy: values("host") })),
  security: struct({
    tls: struct({ certificateAuthorities: keyed("certificate authority", "source", reference) }),
  }),
  timeouts: struct({ httpResponseHeaders: integer, httpTotal: integer }),
  version: requiredText,
});

/** The whole config, spec 3.5.0. */
export const configShape: StructShape = struct({
  ignition,
  kernelArguments: since(
    "3.3.0",
    struct({
      shouldExist: values("kernel argument", "kernelArgument"),
      shouldNotExist: values("kernel argument", "kernelArgument"),
    }),
  ),
  passwd: struct({ groups: keyed("group", "name", group), users: keyed("user", "name", user) }),
  storage,
  systemd: struct({ units: keyed("unit", "name", unit) }),
});
