// SPDX-License-Identifier: Apache-2.0
// The description that `corefly image build` makes an image from.
import { isAcIdentifier } from "../appc/name.ts";
import { EMPTY_APP, type ImageApp } from "../image-app.ts";
import * as json from "../json.ts";

/** Where the content of one file of the image comes from. */
export type FileContent =
  | { readonly kind: "source"; readonly source: string }
  | { readonly kind: "content"; readonly content: string }
  | { readonly kind: "directory" }
  | { readonly kind: "symlink"; readonly target: string }
  | { readonly kind: "hardlink"; readonly target: string };

export interface FileSpec {
  /** Absolute, in the image. */
  readonly path: string;
  readonly content: FileContent;
  /** undefined: 0755 for directories and executable sources, else 0644. */
  readonly mode: number | undefined;
  readonly uid: number;
  readonly gid: number;
}

/** All entries of an uncompressed tar archive, below `prefix`. */
export interface TarSpec {
  readonly tar: string;
  readonly prefix: string;
}

export interface ImageSpec {
  readonly name: string;
  readonly version: string;
  readonly os: string;
  /** As OCI names it (amd64, arm64); an ACI gets appc's word for it. */
  readonly arch: string;
  readonly app: ImageApp | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly files: readonly FileSpec[];
  readonly tars: readonly TarSpec[];
}

const KNOWN = ["name", "version", "os", "arch", "app", "annotations", "files"];
const KNOWN_APP = [
  "exec",
  "cmd",
  "environment",
  "workingDirectory",
  "user",
  "group",
  "supplementaryGIDs",
  "stopSignal",
  "mountPoints",
  "ports",
  "volumes",
];
const KNOWN_FILE = [
  "path",
  "source",
  "content",
  "directory",
  "link",
  "hardlink",
  "mode",
  "uid",
  "gid",
];

/** Throws InvalidManifestError with `origin` and the field. Fields that nobody knows are refused. */
export function parseImageSpec(text: string, origin: string): ImageSpec {
  const place = json.parseJson(text, `image description ${origin}`);
  refuseUnknown(place, KNOWN);
  const name = json.field(place, "name");
  if (!isAcIdentifier(json.text(name))) {
    throw json.invalid(name, 'an image name such as "example.com/app", lower case');
  }
  const version = json.field(place, "version");
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(json.text(version))) {
    throw json.invalid(version, "a version of letters, digits, dots, dashes");
  }
  const app = json.field(place, "app");
  const files = json.list(json.field(place, "files"));
  const isTar = (file: json.Place) => json.object(file)["tar"] !== undefined;
  return {
    name: json.text(name),
    version: json.text(version),
    os: json.textOr(json.field(place, "os"), "linux"),
    arch: json.text(json.field(place, "arch")),
    app: app.value === undefined ? undefined : parseApp(app),
    annotations: json.textMap(json.field(place, "annotations")),
    files: files.filter((file) => !isTar(file)).map(parseFile),
    tars: files.filter(isTar).map(parseTar),
  };
}

function parseApp(place: json.Place): ImageApp {
  refuseUnknown(place, KNOWN_APP);
  const stopSignal = json.textOr(json.field(place, "stopSignal"), undefined);
  return {
    ...EMPTY_APP,
    entrypoint: json.texts(json.field(place, "exec")),
    cmd: json.texts(json.field(place, "cmd")),
    environment: parseEnvironment(json.field(place, "environment")),
    workingDirectory: absolute(json.field(place, "workingDirectory"), "/"),
    user: idOrName(json.field(place, "user")),
    group: idOrName(json.field(place, "group")),
    supplementaryGroups: json
      .list(json.field(place, "supplementaryGIDs"))
      .map((gid) => json.integer(gid, { min: 0, max: 2 ** 32 - 2 })),
    ...(stopSignal === undefined ? {} : { stopSignal }),
    mountPoints: json.list(json.field(place, "mountPoints")).map((point) => ({
      name: json.text(json.field(point, "name")),
      path: absolute(json.field(point, "path")),
      readOnly: json.flag(json.field(point, "readOnly")),
    })),
    ports: json.list(json.field(place, "ports")).map((port) => ({
      name: json.text(json.field(port, "name")),
      protocol: json.textOr(json.field(port, "protocol"), "tcp"),
      port: json.integer(json.field(port, "port"), { min: 1, max: 65_535 }),
    })),
    volumes: json.list(json.field(place, "volumes")).map((volume) => absolute(volume)),
  };
}

/** A list of {name, value}, or a map. */
function parseEnvironment(place: json.Place) {
  if (json.isObject(place.value)) {
    return Object.entries(json.textMap(place)).map(([name, value]) => ({ name, value }));
  }
  return json.list(place).map((item) => ({
    name: json.text(json.field(item, "name")),
    value: json.text(json.field(item, "value")),
  }));
}

function idOrName(place: json.Place): string {
  if (place.value === undefined) {
    return "0";
  }
  return typeof place.value === "number"
    ? String(json.integer(place, { min: 0, max: 2 ** 32 - 2 }))
    : json.text(place);
}

function parseFile(place: json.Place): FileSpec {
  refuseUnknown(place, KNOWN_FILE);
  const mode = json.field(place, "mode");
  const id = { min: 0, max: 2 ** 32 - 2 };
  return {
    path: absolute(json.field(place, "path")),
    content: parseContent(place),
    mode: mode.value === undefined ? undefined : octal(mode),
    uid: json.integerOr(json.field(place, "uid"), id, 0),
    gid: json.integerOr(json.field(place, "gid"), id, 0),
  };
}

function parseContent(place: json.Place): FileContent {
  const given = ["source", "content", "directory", "link", "hardlink"].filter(
    (name) => json.object(place)[name] !== undefined,
  );
  const [kind] = given;
  if (given.length !== 1 || kind === undefined) {
    throw json.invalid(place, "exactly one of source, content, directory, link, hardlink");
  }
  const value = json.field(place, kind);
  switch (kind) {
    case "source":
      return { kind, source: json.text(value) };
    case "content":
      return { kind, content: json.text(value) };
    case "link":
      return { kind: "symlink", target: json.text(value) };
    case "hardlink":
      return { kind, target: absolute(value) };
    default:
      if (!json.flag(value)) {
        throw json.invalid(value, "true");
      }
      return { kind: "directory" };
  }
}

function parseTar(place: json.Place): TarSpec {
  refuseUnknown(place, ["tar", "prefix"]);
  return {
    tar: json.text(json.field(place, "tar")),
    prefix: absolute(json.field(place, "prefix"), "/"),
  };
}

function octal(place: json.Place): number {
  if (typeof place.value !== "string" || !/^0?[0-7]{3,4}$/.test(place.value)) {
    throw json.invalid(place, 'an octal mode in quotes such as "0755"');
  }
  return Number.parseInt(place.value, 8);
}

/** Absolute and without `.`, `..`, doubled or trailing slashes. */
function absolute(place: json.Place, otherwise?: string): string {
  const path = otherwise === undefined ? json.text(place) : json.textOr(place, otherwise);
  const isClean = path === "/" || /^(\/[^/]+)+$/.test(path);
  if (!isClean || path.split("/").some((part) => part === "." || part === "..")) {
    throw json.invalid(place, "an absolute path without . and ..");
  }
  return path;
}

function refuseUnknown(place: json.Place, known: readonly string[]): void {
  const unknown = Object.keys(json.object(place)).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw json.invalid(
      json.field(place, unknown),
      `no field of that name (known: ${known.join(", ")})`,
    );
  }
}
