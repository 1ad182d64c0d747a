// SPDX-License-Identifier: Apache-2.0
// What a mirror serves, as its process reads it from a file.

/** A file in the cache, or a text. */
export type ServedFile =
  | { readonly kind: "blob"; readonly sha512: string }
  | { readonly kind: "text"; readonly text: string };

export interface MirrorConfig {
  readonly port: number;
  /** Folder with the files by digest. */
  readonly blobs: string;
  /** By path, without a leading slash. */
  readonly files: Readonly<Record<string, ServedFile>>;
  /** Digest of an OCI layout archive by `repository:tag`. */
  readonly images: Readonly<Record<string, string>>;
}

/** Reads a config that {@link renderConfig} wrote. */
export function parseConfig(text: string): MirrorConfig {
  const value: unknown = JSON.parse(text);
  const fields: Readonly<Record<string, unknown>> = { ...(value as object) };
  const { port, blobs } = { port: fields["port"], blobs: fields["blobs"] };
  if (typeof port !== "number" || typeof blobs !== "string") {
    throw new Error("Cannot read the mirror's config: found no port or blobs");
  }
  return {
    port,
    blobs,
    files: fields["files"] as MirrorConfig["files"],
    images: fields["images"] as MirrorConfig["images"],
  };
}

/** The text for the mirror's process. */
export function renderConfig(config: MirrorConfig): string {
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Why a path cannot name a file of the mirror; undefined if it can. */
export function pathProblem(path: string): string | undefined {
  if (!/^[A-Za-z0-9._~+-]+(\/[A-Za-z0-9._~+-]+)*$/.test(path)) {
    return "expected names of letters, digits and ._~+- with single slashes between";
  }
  if (path.split("/").some((part) => part === "." || part === "..")) {
    return 'expected no "." and ".." in it';
  }
  return /^(sha512|v2)(\/|$)/.test(path)
    ? "expected another beginning than sha512 and v2"
    : undefined;
}

/** `repository:tag` in parts; undefined if it is not one (OCI distribution spec, "Pulling manifests"). */
export function parseReference(
  reference: string,
): { readonly repository: string; readonly tag: string } | undefined {
  const match =
    /^((?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*):([A-Za-z0-9_][A-Za-z0-9._-]{0,127})$/.exec(
      reference,
    );
  const [, repository, tag] = match ?? [];
  return repository === undefined || tag === undefined ? undefined : { repository, tag };
}
