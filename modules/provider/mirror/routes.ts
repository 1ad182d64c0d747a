// SPDX-License-Identifier: Apache-2.0
// From a request's path to what is asked for. Paths are only looked up, never joined to a folder.

/** What a request asks for. */
export type Route =
  | { readonly kind: "digest"; readonly sha512: string }
  | { readonly kind: "file"; readonly path: string }
  /** `GET /v2/`: is there a registry? */
  | { readonly kind: "registry" }
  | { readonly kind: "tags"; readonly repository: string }
  | { readonly kind: "manifest"; readonly repository: string; readonly reference: string }
  | { readonly kind: "blob"; readonly repository: string; readonly digest: string }
  | { readonly kind: "none" };

const NONE: Route = { kind: "none" };

/** `url` is the request target as it came. */
export function routeOf(url: string): Route {
  const [target = ""] = url.split("?", 1);
  const path = decode(target);
  if (path === undefined || !path.startsWith("/")) return NONE;
  if (path === "/v2" || path === "/v2/") return { kind: "registry" };
  if (path.startsWith("/v2/")) return registryRoute(path.slice("/v2/".length));
  const [, sha512] = /^\/sha512\/([0-9a-f]{128})$/.exec(path) ?? [];
  if (sha512 !== undefined) return { kind: "digest", sha512 };
  return path.startsWith("/sha512/") ? NONE : { kind: "file", path: path.slice(1) };
}

function registryRoute(path: string): Route {
  const [, repository = "", kind, reference = ""] =
    /^([a-z0-9._/-]{1,255})\/(manifests|blobs|tags)\/([A-Za-z0-9._:-]{1,255})$/.exec(path) ?? [];
  switch (kind) {
    case "manifests":
      return { kind: "manifest", repository, reference };
    case "blobs":
      return { kind: "blob", repository, digest: reference };
    case "tags":
      return reference === "list" ? { kind: "tags", repository } : NONE;
    default:
      return NONE;
  }
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    // A percent sign that begins no character: there is no such path.
    if (Object(error).name === "URIError") return undefined;
    throw error;
  }
}
