// SPDX-License-Identifier: Apache-2.0
// Manifests, indexes and configs of OCI images and of Docker's schema 2, checked.
import { InvalidManifestError, NotFoundError, UnsupportedError } from "../../errors.ts";
import { EMPTY_APP, type ImageApp } from "../image-app.ts";
import * as json from "../json.ts";
import { MEDIA_TYPES } from "./media-types.ts";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface OciManifest {
  readonly kind: "manifest";
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

export interface IndexEntry extends Descriptor {
  readonly os: string | undefined;
  readonly architecture: string | undefined;
  readonly variant: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface OciIndex {
  readonly kind: "index";
  readonly manifests: readonly IndexEntry[];
}

export interface OciConfig {
  readonly os: string;
  readonly architecture: string;
  readonly diffIds: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly app: ImageApp;
  readonly raw: json.JsonObject;
}

/** As many as overlayfs stacks. */
const MAX_LAYERS = 500;
const ANY_SIZE = { min: 0, max: Number.MAX_SAFE_INTEGER };

export function parseManifest(text: string, origin: string): OciManifest | OciIndex {
  const place = json.parseJson(text, origin);
  const mediaType = json.textOr(json.field(place, "mediaType"), undefined);
  const isIndex =
    mediaType === MEDIA_TYPES.ociIndex ||
    mediaType === MEDIA_TYPES.dockerIndex ||
    (mediaType === undefined && json.object(place)["manifests"] !== undefined);
  if (isIndex) {
    return {
      kind: "index",
      manifests: json.list(json.field(place, "manifests")).map(parseIndexEntry),
    };
  }
  if (json.object(place)["schemaVersion"] === 1) {
    throw new UnsupportedError(
      `Cannot use ${origin}: it is a manifest of schema 1, which Docker gave up in 2017`,
    );
  }
  const layers = json.list(json.field(place, "layers"));
  if (layers.length > MAX_LAYERS) {
    throw new InvalidManifestError(
      `Cannot read ${origin}: it has ${layers.length} layers, at most ${MAX_LAYERS} are allowed`,
    );
  }
  return {
    kind: "manifest",
    config: parseDescriptor(json.field(place, "config")),
    layers: layers.map(parseDescriptor),
    annotations: json.textMap(json.field(place, "annotations")),
  };
}

/** The manifest for this machine. Throws NotFoundError naming what there is. */
export function choosePlatform(
  index: OciIndex,
  wanted: { readonly os: string; readonly architecture: string },
  origin: string,
): IndexEntry {
  const images = index.manifests.filter(
    ({ mediaType }) =>
      mediaType === MEDIA_TYPES.ociManifest || mediaType === MEDIA_TYPES.dockerManifest,
  );
  const fitting = images.filter(
    ({ os, architecture }) => os === wanted.os && architecture === wanted.architecture,
  );
  // An entry without a platform is for everybody; arm64/v8 is what "arm64" means.
  const chosen =
    fitting.find(({ variant }) => variant === undefined || variant === "v8") ??
    fitting[0] ??
    images.find(({ architecture }) => architecture === undefined);
  if (chosen === undefined) {
    const there = images.map(({ os, architecture }) => `${os}/${architecture}`).join(", ");
    throw new NotFoundError(
      `Cannot use ${origin}: no image for ${wanted.os}/${wanted.architecture}, it has ${there === "" ? "none" : there}`,
    );
  }
  return chosen;
}

export function parseConfig(text: string, origin: string): OciConfig {
  const place = json.parseJson(text, origin);
  const rootfs = json.field(place, "rootfs");
  if (!json.isObject(rootfs.value)) {
    throw new UnsupportedError(`Cannot use ${origin}: it has no rootfs, the artefact is no image`);
  }
  const config = json.field(place, "config");
  const inner: json.Place = { value: config.value ?? {}, where: config.where };
  return {
    os: json.textOr(json.field(place, "os"), "linux"),
    architecture: json.text(json.field(place, "architecture")),
    diffIds: json.list(json.field(rootfs, "diff_ids")).map((diffId) => {
      if (!/^sha256:[0-9a-f]{64}$/.test(json.text(diffId))) {
        throw json.invalid(diffId, "sha256: and 64 hex digits");
      }
      return json.text(diffId);
    }),
    labels: json.textMap(json.field(inner, "Labels")),
    app: parseApp(inner),
    raw: json.object(place),
  };
}

function parseApp(place: json.Place): ImageApp {
  const [user = "", group = ""] = json.textOr(json.field(place, "User"), "").split(":");
  const stopSignal = json.textOr(json.field(place, "StopSignal"), "");
  return {
    ...EMPTY_APP,
    entrypoint: json.texts(json.field(place, "Entrypoint")),
    cmd: json.texts(json.field(place, "Cmd")),
    environment: json.texts(json.field(place, "Env")).map((pair) => {
      const equals = pair.indexOf("=");
      return equals < 0
        ? { name: pair, value: "" }
        : { name: pair.slice(0, equals), value: pair.slice(equals + 1) };
    }),
    workingDirectory: json.textOr(json.field(place, "WorkingDir"), "") || "/",
    user,
    group,
    ...(stopSignal === "" ? {} : { stopSignal }),
    ports: keys(json.field(place, "ExposedPorts")).flatMap(parsePort),
    volumes: keys(json.field(place, "Volumes")),
  };
}

function keys(place: json.Place): readonly string[] {
  return place.value === undefined || place.value === null ? [] : Object.keys(json.object(place));
}

/** `80/tcp`, `53/udp`, `8080`; ranges are only documentation. */
function parsePort(text: string) {
  const found = /^(\d{1,5})(?:\/([a-z]+))?$/.exec(text);
  const port = Number(found?.[1]);
  const protocol = found?.[2] ?? "tcp";
  return found === null || port < 1 || port > 65_535
    ? []
    : [{ name: `${port}-${protocol}`, protocol, port }];
}

function parseDescriptor(place: json.Place): Descriptor {
  const digest = json.field(place, "digest");
  if (!/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(json.text(digest))) {
    throw json.invalid(digest, "sha256: or sha512: and hex digits");
  }
  return {
    mediaType: json.textOr(json.field(place, "mediaType"), ""),
    digest: json.text(digest),
    sizeBytes: json.integer(json.field(place, "size"), ANY_SIZE),
  };
}

function parseIndexEntry(place: json.Place): IndexEntry {
  const platform = json.field(place, "platform");
  const inner: json.Place = { value: platform.value ?? {}, where: platform.where };
  return {
    ...parseDescriptor(place),
    os: json.textOr(json.field(inner, "os"), undefined),
    architecture: json.textOr(json.field(inner, "architecture"), undefined),
    variant: json.textOr(json.field(inner, "variant"), undefined),
    annotations: json.textMap(json.field(place, "annotations")),
  };
}
