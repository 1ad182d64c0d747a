// SPDX-License-Identifier: Apache-2.0
// The manifest of an ACI (appc spec 0.8.11, "Image Manifest Schema"): what the rest of the runtime needs of it, checked.
import { InvalidManifestError } from "../../errors.ts";
import { EMPTY_APP, type ImageApp } from "../image-app.ts";
import * as json from "../json.ts";
import { isAcIdentifier, isAcName } from "./name.ts";

export interface AppcDependency {
  readonly imageName: string;
  readonly imageId: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

export interface AppcManifest {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly app: ImageApp | undefined;
  readonly dependencies: readonly AppcDependency[];
  readonly pathWhitelist: readonly string[];
  /** As it was read, with fields that we do not know. */
  readonly raw: json.JsonObject;
}

/** The os and arch labels that appc allows together. */
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  linux: [
    "amd64",
    "i386",
    "aarch64",
    "aarch64_be",
    "armv6l",
    "armv7l",
    "armv7b",
    "ppc64",
    "ppc64le",
    "s390x",
  ],
  freebsd: ["amd64", "i386", "arm"],
  darwin: ["x86_64", "i386"],
};

/** Throws InvalidManifestError. os and arch labels must be there, as rkt wants them. */
export function parseAppcManifest(text: string, origin: string): AppcManifest {
  const place = json.parseJson(text, origin);
  const kind = json.field(place, "acKind");
  if (kind.value !== "ImageManifest") {
    throw json.invalid(kind, '"ImageManifest"');
  }
  const version = json.field(place, "acVersion");
  if (!/^\d+\.\d+\.\d+/.test(json.text(version))) {
    throw json.invalid(version, 'a version such as "0.8.11"');
  }
  const app = json.field(place, "app");
  return {
    name: identifier(json.field(place, "name")),
    labels: labelsOf(json.field(place, "labels"), origin),
    annotations: pairs(json.field(place, "annotations")),
    app: app.value === undefined || app.value === null ? undefined : parseApp(app),
    dependencies: json.list(json.field(place, "dependencies")).map((dependency) => ({
      imageName: identifier(json.field(dependency, "imageName")),
      imageId: json.textOr(json.field(dependency, "imageID"), undefined),
      labels: pairs(json.field(dependency, "labels")),
    })),
    pathWhitelist: json.texts(json.field(place, "pathWhitelist")),
    raw: json.object(place),
  };
}

function identifier(place: json.Place): string {
  const name = json.text(place);
  if (!isAcIdentifier(name)) {
    throw json.invalid(place, "an appc image name, lower case");
  }
  return name;
}

function labelsOf(place: json.Place, origin: string): Readonly<Record<string, string>> {
  const labels = pairs(place);
  for (const label of ["os", "arch"]) {
    if (labels[label] === undefined) {
      throw new InvalidManifestError(
        `Cannot read ${origin}: missing ${label} label in the image manifest`,
      );
    }
  }
  const { os = "", arch = "" } = labels;
  if (ARCHITECTURES[os] !== undefined && ARCHITECTURES[os]?.includes(arch) !== true) {
    throw new InvalidManifestError(
      `Cannot read ${origin}: architecture "${arch}" does not go with os "${os}", expected one of ${ARCHITECTURES[os]?.join(", ")}`,
    );
  }
  if (labels["name"] !== undefined) {
    throw new InvalidManifestError(`Cannot read ${origin}: a label must not be called "name"`);
  }
  return labels;
}

/** Lists of {name, value} whose names are unique. */
function pairs(place: json.Place): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  for (const item of json.list(place)) {
    const name = json.text(json.field(item, "name"));
    if (found.has(name)) {
      throw json.invalid(item, `no second entry for "${name}"`);
    }
    found.set(name, json.text(json.field(item, "value")));
  }
  return Object.fromEntries(found);
}

function parseApp(place: json.Place): ImageApp {
  const workingDirectory = json.field(place, "workingDirectory");
  const directory = json.textOr(workingDirectory, "/") || "/";
  if (!directory.startsWith("/")) {
    throw json.invalid(workingDirectory, "an absolute path");
  }
  return {
    ...EMPTY_APP,
    entrypoint: json.texts(json.field(place, "exec")),
    environment: Object.entries(pairs(json.field(place, "environment"))).map(([name, value]) => ({
      name,
      value,
    })),
    workingDirectory: directory,
    user: nonEmpty(json.field(place, "user")),
    group: nonEmpty(json.field(place, "group")),
    supplementaryGroups: json
      .list(json.field(place, "supplementaryGIDs"))
      .map((gid) => json.integer(gid, { min: 0, max: 2 ** 32 - 2 })),
    mountPoints: json.list(json.field(place, "mountPoints")).map((point) => ({
      name: acName(json.field(point, "name")),
      path: nonEmpty(json.field(point, "path")),
      readOnly: json.flag(json.field(point, "readOnly")),
    })),
    ports: json.list(json.field(place, "ports")).map((port) => ({
      name: acName(json.field(port, "name")),
      protocol: nonEmpty(json.field(port, "protocol")),
      port: json.integer(json.field(port, "port"), { min: 1, max: 65_535 }),
    })),
  };
}

function nonEmpty(place: json.Place): string {
  const value = json.text(place);
  if (value === "") {
    throw json.invalid(place, "text that is not empty");
  }
  return value;
}

function acName(place: json.Place): string {
  const name = json.text(place);
  if (!isAcName(name)) {
    throw json.invalid(place, "a name of a-z, 0-9 and single dashes");
  }
  return name;
}
