// SPDX-License-Identifier: Apache-2.0
// The values of --volume and --mount: `NAME,key=value,…`, as appc's. Values are taken as they are (no percent-decoding).
import { posix } from "node:path";
import { UsageError } from "../errors.ts";
import type { Volume } from "../pod/manifest.ts";
import type { MountRequest } from "./request.ts";

/** appc's ACName. */
export const AC_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

const HOST_KEYS = ["kind", "source", "readOnly", "recursive", "propagation"];
const EMPTY_KEYS = ["kind", "readOnly", "mode", "uid", "gid"];

/** Throws UsageError that quotes the whole value. */
export function parseVolume(text: string): Volume {
  const [name = "", ...pairs] = text.split(",");
  const fail = (reason: string) => new UsageError(`Cannot use volume "${text}": ${reason}`);
  if (!AC_NAME.test(name)) {
    throw fail(`"${name}" is not a name of lower-case letters, digits and dashes`);
  }
  const values = parsePairs(pairs, fail);
  const kind = values.get("kind");
  if (kind !== "host" && kind !== "empty") {
    throw fail(`kind is ${kind === undefined ? "missing" : `"${kind}"`}, want host or empty`);
  }
  const keys = kind === "host" ? HOST_KEYS : EMPTY_KEYS;
  const unknown = [...values.keys()].find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw fail(`"${unknown}" means nothing for kind=${kind}`);
  }
  const readOnly = parseBoolean(values.get("readOnly") ?? "false", "readOnly", fail);
  if (kind === "empty") {
    return {
      name,
      kind,
      readOnly,
      mode: parseInteger(values.get("mode") ?? "0755", "mode", 8, fail),
      uid: parseInteger(values.get("uid") ?? "0", "uid", 10, fail),
      gid: parseInteger(values.get("gid") ?? "0", "gid", 10, fail),
    };
  }
  const source = values.get("source") ?? "";
  if (!source.startsWith("/")) {
    throw fail("source must be an absolute path");
  }
  const propagation = values.get("propagation") ?? "slave";
  if (propagation !== "shared" && propagation !== "slave" && propagation !== "private") {
    throw fail(`propagation is "${propagation}", want shared, slave or private`);
  }
  return {
    name,
    kind,
    source: posix.normalize(source),
    readOnly,
    recursive: parseBoolean(values.get("recursive") ?? "true", "recursive", fail),
    propagation,
  };
}

/** `volume=NAME,target=PATH`. Throws UsageError that quotes the whole value. */
export function parseMount(text: string): MountRequest {
  const fail = (reason: string) => new UsageError(`Cannot use mount "${text}": ${reason}`);
  const values = parsePairs(text.split(","), fail);
  const unknown = [...values.keys()].find((key) => key !== "volume" && key !== "target");
  if (unknown !== undefined) {
    throw fail(`"${unknown}" is neither volume nor target`);
  }
  const volume = values.get("volume") ?? "";
  const target = values.get("target") ?? "";
  if (!AC_NAME.test(volume)) {
    throw fail("want volume=NAME");
  }
  if (!target.startsWith("/")) {
    throw fail("target must be an absolute path");
  }
  return { volume, target: cleanPath(target) };
}

/** Without `.`, `..`, doubled and trailing slashes. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

type Fail = (reason: string) => UsageError;

function parsePairs(pairs: readonly string[], fail: Fail): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const key = pair.slice(0, Math.max(equals, 0));
    if (key === "") {
      throw fail(`"${pair}" is not key=value`);
    }
    if (values.has(key)) {
      throw fail(`${key} is given twice`);
    }
    values.set(key, pair.slice(equals + 1));
  }
  return values;
}

function parseBoolean(text: string, key: string, fail: Fail): boolean {
  if (text !== "true" && text !== "false") {
    throw fail(`${key} is "${text}", want true or false`);
  }
  return text === "true";
}

function parseInteger(text: string, key: string, radix: 8 | 10, fail: Fail): number {
  if (!(radix === 8 ? /^[0-7]{1,5}$/ : /^\d{1,10}$/).test(text)) {
    throw fail(`${key} is "${text}", want ${radix === 8 ? "an octal mode" : "a number"}`);
  }
  return Number.parseInt(text, radix);
}
