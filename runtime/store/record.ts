// SPDX-License-Identifier: Apache-2.0
// What the store knows about an image, and how that lies on disk (images/<id>.json).
import { InvalidManifestError } from "../errors.ts";
import { EMPTY_APP, type ImageApp } from "../image/image-app.ts";
import * as json from "../image/json.ts";

/** ACI: `sha512-` and 128 hex digits. OCI: `sha256:` and 64 hex digits, the digest of its config. */
export type ImageId = string;

export interface StoredImage {
  readonly id: ImageId;
  readonly format: "aci" | "oci";
  /** appc name, or OCI repository; empty when nothing names it. */
  readonly name: string;
  /** version, os, arch, … */
  readonly labels: Readonly<Record<string, string>>;
  /** `NAME:TAG`, whole; an ACI has one, its name and version. */
  readonly repoTags: readonly string[];
  /** `NAME@sha256:…`. */
  readonly repoDigests: readonly string[];
  /** Content of all its files. */
  readonly sizeBytes: number;
  readonly app: ImageApp;
  readonly annotations: Readonly<Record<string, string>>;
  readonly importedAtMs: number;
  readonly lastUsedAtMs: number;
  /** Somebody asked that it is not collected. */
  readonly pinned: boolean;
}

/** Everything that is on disk about an image. */
export interface ImageRecord extends StoredImage {
  /** Rendered trees below the data directory, topmost first. */
  readonly trees: readonly string[];
  /** ACIs below this one, topmost first. */
  readonly dependencies: readonly ImageId[];
  /** The image manifest of an ACI, the config of an OCI image. */
  readonly manifest: json.JsonObject;
  /** Where it was fetched from. */
  readonly source: string;
  /** Tells apart URLs that `source` shows alike, see image/source-digest.ts. Empty: no URL, or written by an older version. */
  readonly sourceDigest: string;
  /** What the server said of the version that it sent: to ask whether there is another. Empty: nothing. */
  readonly etag: string;
  /** Fingerprint of the key whose signature was accepted; empty: not verified by signature. */
  readonly signedBy: string;
  readonly pins: readonly string[];
}

const RECORD_VERSION = 1;
const ANY = { min: 0, max: Number.MAX_SAFE_INTEGER };

export function formatRecord(record: ImageRecord): string {
  const { lastUsedAtMs: _kept, pinned: _derived, ...stored } = record;
  return `${JSON.stringify({ recordVersion: RECORD_VERSION, ...stored })}\n`;
}

/** `lastUsedAtMs` is the modification time of the record's file. */
export function parseRecord(text: string, origin: string, lastUsedAtMs: number): ImageRecord {
  const place = json.parseJson(text, origin);
  const version = json.field(place, "recordVersion");
  if (version.value !== RECORD_VERSION) {
    throw json.invalid(version, `record version ${RECORD_VERSION}`);
  }
  const format = json.text(json.field(place, "format"));
  if (format !== "aci" && format !== "oci") {
    throw json.invalid(json.field(place, "format"), "aci or oci");
  }
  const pins = json.texts(json.field(place, "pins"));
  return {
    id: json.text(json.field(place, "id")),
    format,
    name: json.text(json.field(place, "name")),
    labels: json.textMap(json.field(place, "labels")),
    repoTags: json.texts(json.field(place, "repoTags")),
    repoDigests: json.texts(json.field(place, "repoDigests")),
    sizeBytes: json.integer(json.field(place, "sizeBytes"), ANY),
    app: parseApp(json.field(place, "app")),
    annotations: json.textMap(json.field(place, "annotations")),
    importedAtMs: json.integer(json.field(place, "importedAtMs"), ANY),
    lastUsedAtMs,
    pinned: pins.length > 0,
    trees: json.texts(json.field(place, "trees")).map((tree) => checkTree(tree, origin)),
    dependencies: json.texts(json.field(place, "dependencies")),
    manifest: json.object(json.field(place, "manifest")),
    source: json.text(json.field(place, "source")),
    sourceDigest: json.textOr(json.field(place, "sourceDigest"), ""),
    etag: json.textOr(json.field(place, "etag"), ""),
    signedBy: json.text(json.field(place, "signedBy")),
    pins,
  };
}

function checkTree(tree: string, origin: string): string {
  if (!/^(layers|trees)\/[0-9a-f]{64}$/.test(tree)) {
    throw new InvalidManifestError(`Cannot read ${origin}: "${tree}" is no tree of the store`);
  }
  return tree;
}

function parseApp(place: json.Place): ImageApp {
  const stopSignal = json.textOr(json.field(place, "stopSignal"), undefined);
  const named = (name: string) => json.list(json.field(place, name));
  return {
    ...EMPTY_APP,
    entrypoint: json.texts(json.field(place, "entrypoint")),
    cmd: json.texts(json.field(place, "cmd")),
    environment: named("environment").map((item) => ({
      name: json.text(json.field(item, "name")),
      value: json.text(json.field(item, "value")),
    })),
    workingDirectory: json.text(json.field(place, "workingDirectory")),
    user: json.text(json.field(place, "user")),
    group: json.text(json.field(place, "group")),
    supplementaryGroups: named("supplementaryGroups").map((gid) => json.integer(gid, ANY)),
    ...(stopSignal === undefined ? {} : { stopSignal }),
    mountPoints: named("mountPoints").map((point) => ({
      name: json.text(json.field(point, "name")),
      path: json.text(json.field(point, "path")),
      readOnly: json.flag(json.field(point, "readOnly")),
    })),
    ports: named("ports").map((port) => ({
      name: json.text(json.field(port, "name")),
      protocol: json.text(json.field(port, "protocol")),
      port: json.integer(json.field(port, "port"), ANY),
    })),
    volumes: json.texts(json.field(place, "volumes")),
  };
}
