// SPDX-License-Identifier: Apache-2.0
// Checks files, directories and links one by one: paths, modes, owners, targets.
import { posix } from "node:path";
import type { Directory, File, IgnitionConfig, Link } from "ignition-config-types";
import type { ConfigPath, Problem } from "../finding.ts";

export function* checkNodes({ storage }: IgnitionConfig): Generator<Problem> {
  for (const [index, directory] of (storage?.directories ?? []).entries()) {
    const at = ["storage", "directories", index];
    yield* checkNode(directory, at);
    yield* checkMode(directory.mode, at);
  }
  for (const [index, file] of (storage?.files ?? []).entries()) {
    const at = ["storage", "files", index];
    yield* checkNode(file, at);
    yield* checkMode(file.mode, at);
    yield* checkNotRoot(file.path, at);
    if (file.overwrite !== true || file.contents?.source != null) continue;
    const text = "has overwrite but no contents, expected contents.source";
    yield { code: "ErrOverwriteAndNilSource", path: [...at, "overwrite"], text };
  }
  const directories = new Map((storage?.directories ?? []).map(({ path }, i) => [path, i]));
  for (const [index, link] of (storage?.links ?? []).entries()) {
    yield* checkLink(link, ["storage", "links", index], directories);
  }
}

/** The rules for a path on the machine: absolute and in its shortest form. */
export function* checkPath(path: string, at: ConfigPath): Generator<Problem> {
  if (path === "") {
    yield { code: "ErrNoPath", path: at, text: "is missing, expected an absolute path" };
  } else if (!path.startsWith("/")) {
    const text = `is ${JSON.stringify(path)}, expected an absolute path`;
    yield { code: "ErrPathRelative", path: at, text };
  } else if (path !== clean(path)) {
    const text = `is ${JSON.stringify(path)}, expected "${clean(path)}"`;
    yield { code: "ErrDirtyPath", path: at, text };
  }
  const tooLong = path.length > 4095 || path.split("/").some((part) => byteLength(part) > 255);
  if (tooLong || hasControl(path)) {
    const text = `is ${JSON.stringify(path.slice(0, 60))}…, expected at most 255 bytes between slashes and no control characters`;
    yield { code: "IllegalPath", path: at, text };
  }
}

/** Bytes of a text on disk. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

/** Whether a text has characters that would end a line or a C string. */
export function hasControl(text: string): boolean {
  return Array.from(text).some((character) => character < " " || character === "\u007f");
}

function clean(path: string): string {
  const short = posix.normalize(path);
  return short.length > 1 && short.endsWith("/") ? short.slice(0, -1) : short;
}

function* checkNode(node: File | Directory | Link, at: ConfigPath): Generator<Problem> {
  yield* checkPath(node.path, [...at, "path"]);
  for (const field of ["user", "group"] as const) {
    const who = node[field];
    if (who?.id == null || !who.name) continue;
    const text = `is both ${who.id} and "${who.name}", expected one of id and name`;
    yield { code: "ErrBothIDAndNameSet", path: [...at, field], text };
  }
}

function* checkNotRoot(path: string, at: ConfigPath): Generator<Problem> {
  if (path !== "/") return;
  const text = "is the root directory";
  yield { code: "IllegalPath", path: [...at, "path"], text };
}

/** Modes that people write in octal, forgetting that JSON numbers are decimal. */
const decimalModes = new Set([
  400, 440, 444, 500, 550, 555, 600, 640, 644, 660, 664, 666, 700, 750, 755, 770, 775, 777,
]);

function* checkMode(mode: number | null | undefined, at: ConfigPath): Generator<Problem> {
  if (mode == null) return;
  const path = [...at, "mode"];
  if (mode < 0 || mode > 0o7777) {
    yield { code: "ErrFileIllegalMode", path, text: `is ${mode}, expected 0 to 0o7777` };
  } else if (decimalModes.has(mode)) {
    const text = `is decimal ${mode}, that is 0o${mode.toString(8)}: did you mean 0o${mode}, ${parseInt(`${mode}`, 8)}`;
    yield { code: "DecimalMode", path, text };
  }
  if (mode < 0 || (mode & 0o7000) === 0) return;
  const text = `is 0o${mode.toString(8)}: Ignition drops setuid, setgid and sticky bits`;
  yield { code: "ErrModeSpecialBits", path, text };
}

function* checkLink(
  link: Link,
  at: ConfigPath,
  directories: ReadonlyMap<string, number>,
): Generator<Problem> {
  yield* checkNode(link, at);
  yield* checkNotRoot(link.path, at);
  if (!link.target) {
    yield { code: "ErrLinkTargetRequired", path: [...at, "target"], text: "is missing" };
    return;
  }
  const { path, target, hard } = link;
  // A symbolic link is read from its directory; of a hard one Ignition takes a relative target from the link itself
  const base = hard === true ? path : posix.dirname(path);
  if (posix.resolve("/", base, target) === path || hasControl(target)) {
    yield { code: "LinkLoop", path: [...at, "target"], text: `is ${JSON.stringify(target)}` };
  }
  if (hard === true) yield* checkHardLink(link, target, at, directories);
}

function* checkHardLink(
  link: Link,
  target: string,
  at: ConfigPath,
  directories: ReadonlyMap<string, number>,
): Generator<Problem> {
  const resolved = target.startsWith("/") ? clean(target) : posix.join(link.path, target);
  const index = directories.get(resolved);
  if (index !== undefined) {
    const related = ["storage", "directories", index];
    const text = "is a hard link to %s, expected a file or a symbolic link";
    yield { code: "ErrHardLinkToDirectory", path: at, text, related };
  }
  for (const field of ["user", "group"] as const) {
    for (const [name, value] of Object.entries(link[field] ?? {})) {
      if (value == null) continue;
      const path = [...at, field, name];
      yield { code: "ErrHardLinkSpecifiesOwner", path, text: "has no effect on a hard link" };
    }
  }
}
