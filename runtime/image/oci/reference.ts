// SPDX-License-Identifier: Apache-2.0
// References of OCI images as docker, podman and Kubernetes write them: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.
import { UsageError } from "../../errors.ts";

export interface OciReference {
  /** Host and path, short names made whole: `docker.io/library/busybox`. */
  readonly repository: string;
  readonly host: string;
  readonly path: string;
  /** undefined only when there is a digest. */
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const HOST = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Throws UsageError. A reference with neither tag nor digest means the tag "latest". */
export function parseOciReference(text: string): OciReference {
  const found = findOciReference(text);
  if (found === undefined) {
    throw new UsageError(
      `Cannot use image reference "${text}": expected [HOST/]PATH[:TAG][@sha256:DIGEST], lower case`,
    );
  }
  return found;
}

/** undefined when `text` is no reference. */
export function findOciReference(text: string): OciReference | undefined {
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const slash = named.lastIndexOf("/");
  const colon = named.indexOf(":", slash + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  const { host, path } = splitHost(colon < 0 ? named : named.slice(0, colon));
  const isValid =
    HOST.test(host) &&
    PATH.test(path) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest));
  if (!isValid || `${host}/${path}`.length > 255) {
    return undefined;
  }
  return {
    repository: `${host}/${path}`,
    host,
    path,
    tag: tag ?? (digest === undefined ? "latest" : undefined),
    digest,
  };
}

/** The first part is a host when it could not be part of a path: with a dot, a colon, or "localhost". */
function splitHost(name: string): { readonly host: string; readonly path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = /[.:[]/.test(first) || first === "localhost";
  const host = isHost ? first : "docker.io";
  const path = isHost ? name.slice(slash + 1) : name;
  if (host !== "docker.io" && host !== "index.docker.io") {
    return { host, path };
  }
  return { host: "docker.io", path: path.includes("/") ? path : `library/${path}` };
}
