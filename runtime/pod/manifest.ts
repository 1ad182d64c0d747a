// SPDX-License-Identifier: Apache-2.0
// The pod manifest (appc spec, schema/pod.go): what was asked for, written into the pod's directory before anything runs.
import { InvalidManifestError } from "../errors.ts";

export interface PodManifest {
  readonly acKind: "PodManifest";
  readonly acVersion: string;
  readonly apps: readonly RuntimeApp[];
  readonly volumes: readonly Volume[];
  readonly annotations: readonly NameValue[];
  readonly ports: readonly ExposedPort[];
}

export interface NameValue {
  readonly name: string;
  readonly value: string;
}

export interface RuntimeApp {
  readonly name: string;
  readonly image: {
    readonly id: string;
    readonly name?: string;
    readonly labels?: readonly NameValue[];
  };
  readonly app?: {
    readonly exec: readonly string[];
    readonly user: string;
    readonly group: string;
    readonly workingDirectory?: string;
    readonly environment: readonly NameValue[];
  };
  readonly readOnlyRootFS?: boolean;
  readonly mounts: readonly { readonly volume: string; readonly path: string }[];
  readonly annotations?: readonly NameValue[];
}

/** `propagation` is our extension: how mounts made later travel between the host and the app. */
export type Volume =
  | {
      readonly name: string;
      readonly kind: "host";
      readonly source: string;
      readonly readOnly: boolean;
      readonly recursive: boolean;
      readonly propagation: "shared" | "slave" | "private";
    }
  | {
      readonly name: string;
      readonly kind: "empty";
      readonly readOnly: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    };

export interface ExposedPort {
  readonly name: string;
  readonly hostPort: number;
  readonly hostIP?: string;
}

/** Which flavour runs the pod: an annotation, so that the manifest says all there is to know. */
export const FLAVOUR_ANNOTATION = "corefly.dev/stage1";

/** JSON as it stands in the pod's directory. */
export function formatPodManifest(manifest: PodManifest): string {
  const volumes = manifest.volumes.map((volume) =>
    volume.kind === "empty"
      ? { ...volume, mode: volume.mode.toString(8).padStart(4, "0") }
      : volume,
  );
  return `${JSON.stringify({ ...manifest, volumes })}\n`;
}

/** What `list` and `status` need of a manifest on disk; lenient about the rest, which may be older or newer. */
export interface ManifestSummary {
  readonly flavour: string | undefined;
  readonly apps: readonly {
    readonly name: string;
    readonly imageId: string;
    readonly imageName: string;
  }[];
}

/** Throws InvalidManifestError with `origin` when it is no pod manifest. */
export function summarizeManifest(text: string, origin: string): ManifestSummary {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidManifestError(`Cannot read pod manifest "${origin}": not JSON`, { cause });
  }
  const manifest = object(value);
  if (manifest["acKind"] !== "PodManifest") {
    throw new InvalidManifestError(
      `Cannot read pod manifest "${origin}": acKind is ${JSON.stringify(manifest["acKind"])}, want "PodManifest"`,
    );
  }
  return {
    flavour: nameValue(manifest["annotations"], FLAVOUR_ANNOTATION),
    apps: list(manifest["apps"]).map((entry) => {
      const app = object(entry);
      const image = object(app["image"]);
      const version = nameValue(image["labels"], "version");
      const name = string(image["name"]);
      return {
        name: string(app["name"]),
        imageId: string(image["id"]),
        imageName: version === undefined || name === "" ? name : `${name}:${version}`,
      };
    }),
  };
}

function nameValue(entries: unknown, name: string): string | undefined {
  const found = list(entries)
    .map(object)
    .find((entry) => entry["name"] === name);
  return found === undefined ? undefined : string(found["value"]);
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}
