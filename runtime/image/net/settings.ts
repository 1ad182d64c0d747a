// SPDX-License-Identifier: Apache-2.0
// What the administrator wrote about fetching: registries.d (mirrors) and auth.d (credentials), vendor directory first, later
// directories win, as rkt merges its configuration.
import { join } from "node:path";
import { InvalidManifestError } from "../../errors.ts";
import type { System } from "../../system/system.ts";
import * as json from "../json.ts";
import { basic } from "./http.ts";

/** Names that begin with `prefix` are fetched from `location` instead. */
export interface Mirror {
  readonly prefix: string;
  readonly location: URL;
  /** Template for ACIs, as in a discovery tag: then no discovery is needed. */
  readonly aci: string | undefined;
}

export interface FetchSettings {
  readonly mirrors: readonly Mirror[];
  /** Host (with port) to the value of the Authorization header, for ACIs and for registries. */
  readonly authorizations: ReadonlyMap<string, string>;
}

/** Throws InvalidManifestError naming the file; also when one directory says something twice. */
export async function loadFetchSettings(
  configDirectories: readonly string[],
  system: System,
): Promise<FetchSettings> {
  const mirrors = new Map<string, Mirror>();
  const authorizations = new Map<string, string>();
  for (const directory of configDirectories) {
    const [own, ownAuth] = [new Set<string>(), new Set<string>()];
    for (const place of await readFiles(join(directory, "registries.d"), ["registries"], system)) {
      for (const mirror of json.list(json.field(place, "mirrors")).map(parseMirror)) {
        once(own, mirror.prefix, place);
        mirrors.set(mirror.prefix, mirror);
      }
    }
    for (const place of await readFiles(
      join(directory, "auth.d"),
      ["auth", "dockerAuth"],
      system,
    )) {
      for (const [host, authorization] of parseAuth(place)) {
        once(ownAuth, host, place);
        authorizations.set(host, authorization);
      }
    }
  }
  return { mirrors: [...mirrors.values()], authorizations };
}

/** The mirror with the longest prefix; prefixes match whole path parts: `a.test/app` is none of `a.test/apple`. */
export function mirrorFor(name: string, mirrors: readonly Mirror[]): Mirror | undefined {
  return mirrors
    .filter(({ prefix }) => name === prefix || name.startsWith(`${prefix}/`))
    .reduce<Mirror | undefined>(
      (longest, mirror) =>
        longest === undefined || mirror.prefix.length > longest.prefix.length ? mirror : longest,
      undefined,
    );
}

/** Where a mirror has what is called `name`. */
export function mirrored(name: string, mirror: Mirror): URL {
  const rest = name.slice(mirror.prefix.length);
  return new URL(`${mirror.location.origin}${mirror.location.pathname.replace(/\/$/, "")}${rest}`);
}

async function readFiles(
  directory: string,
  kinds: readonly string[],
  system: System,
): Promise<readonly json.Place[]> {
  const names = (await system.files.listNames(directory)).filter((name) => name.endsWith(".json"));
  const places: json.Place[] = [];
  for (const name of names) {
    const path = join(directory, name);
    const place = json.parseJson(await system.files.readText(path), `"${path}"`);
    const kind = json.field(place, "rktKind");
    const version = json.field(place, "rktVersion");
    if (!kinds.includes(json.text(kind))) {
      throw json.invalid(kind, kinds.join(" or "));
    }
    if (json.text(version) !== "v1") {
      throw json.invalid(version, '"v1"');
    }
    places.push(place);
  }
  return places;
}

function parseMirror(place: json.Place): Mirror {
  const location = json.field(place, "location");
  const prefix = json.field(place, "prefix");
  const url = URL.parse(json.text(location));
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw json.invalid(location, "a URL of http:// or https://");
  }
  if (!/^[a-z0-9][^/]*(\/[^/]+)*$/.test(json.text(prefix))) {
    throw json.invalid(prefix, "the beginning of image names, such as example.com/apps");
  }
  return {
    prefix: json.text(prefix),
    location: url,
    aci: json.textOr(json.field(place, "aci"), undefined),
  };
}

/** rkt's two kinds: `auth` for domains (basic or oauth), `dockerAuth` for registries. */
function parseAuth(place: json.Place): readonly (readonly [string, string])[] {
  const credentials = json.field(place, "credentials");
  if (json.object(place)["rktKind"] === "dockerAuth") {
    const registries = json.texts(json.field(place, "registries"));
    return registries.map((registry) => [dockerHost(registry), userPassword(credentials)]);
  }
  const type = json.field(place, "type");
  const domains = json.texts(json.field(place, "domains"));
  switch (json.text(type)) {
    case "basic":
      return domains.map((domain) => [domain, userPassword(credentials)]);
    case "oauth": {
      const token = json.text(json.field(credentials, "token"));
      return domains.map((domain) => [domain, `Bearer ${token}`]);
    }
    default:
      throw json.invalid(type, "basic or oauth");
  }
}

/** Docker's own registry has several names. */
export function dockerHost(registry: string): string {
  return ["index.docker.io", "docker.io", "registry-1.docker.io"].includes(registry)
    ? "registry-1.docker.io"
    : registry;
}

function userPassword(place: json.Place): string {
  return basic(json.text(json.field(place, "user")), json.text(json.field(place, "password")));
}

function once(seen: Set<string>, key: string, place: json.Place): void {
  if (seen.has(key)) {
    throw new InvalidManifestError(
      `Cannot read ${place.where}: "${key}" is already in another file of its directory`,
    );
  }
  seen.add(key);
}
