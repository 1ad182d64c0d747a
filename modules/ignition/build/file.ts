// SPDX-License-Identifier: Apache-2.0
// Files, directories and links, with the traps of their raw form taken out.
import type { Directory, File, Link, Resource } from "ignition-config-types";
import { dataUrl } from "../data-url.ts";

/** What can be said of files, directories and links alike. */
export interface NodeOptions {
  /** Replace what is there already; Ignition refuses to otherwise. */
  readonly overwrite?: boolean;
  /** Owner by name or number, root unless given. */
  readonly user?: string | number;
  readonly group?: string | number;
}

/** Content that is part of the config. */
export interface Inline {
  /** Text, written as UTF-8, or bytes. */
  readonly content: string | Uint8Array;
}

/** Content that the machine fetches at first boot: never without a sha512 of what it becomes, after decompression. */
export interface Remote {
  readonly source: string;
  /** 128 hexadecimal digits. */
  readonly sha512: string;
  readonly compression?: "gzip";
  readonly httpHeaders?: Readonly<Record<string, string>>;
}

/** Where content comes from. */
export type Content = Inline | Remote;

/** Options of {@link file}. */
export type FileOptions = NodeOptions & {
  /** As in `chmod`: 0o644 unless given. */
  readonly mode?: number;
  /** Parts to add at the end, in order. */
  readonly append?: readonly Content[];
} & (Content | NoContent);

/** Says that a file has no content here. */
export interface NoContent {
  readonly content?: never;
  readonly source?: never;
}

/** A file at an absolute path. Without content it is created empty, or kept as it is where it exists. */
export function file(path: string, options: FileOptions): File {
  const { mode = 0o644, append } = options;
  return {
    path,
    mode,
    ...nodeFields(options),
    ...(isContent(options) ? { contents: resource(options) } : {}),
    ...(append === undefined ? {} : { append: append.map(resource) }),
  };
}

/** Options of {@link directory}. */
export interface DirectoryOptions extends NodeOptions {
  /** As in `chmod`: 0o755 unless given. */
  readonly mode?: number;
}

/** A directory at an absolute path; missing parents are made with the default mode. */
export function directory(path: string, options: DirectoryOptions = {}): Directory {
  return { path, mode: options.mode ?? 0o755, ...nodeFields(options) };
}

/** A symbolic link at `path` that points to `target`. */
export function symlink(path: string, target: string, options: NodeOptions = {}): Link {
  return { path, target, hard: false, ...nodeFields(options) };
}

/** A hard link at `path` to the file `target`; it has the owner and mode of that file. */
export function hardLink(
  path: string,
  target: string,
  options: Pick<NodeOptions, "overwrite"> = {},
): Link {
  return { path, target, hard: true, ...nodeFields(options) };
}

/** The source fields of content, for places without a builder of their own. */
export function resource(content: Content): Resource {
  if ("content" in content) return { source: dataUrl(content.content) };
  const { source, sha512, compression, httpHeaders } = content;
  const headers = Object.entries(httpHeaders ?? {}).map(([name, value]) => ({ name, value }));
  return {
    source,
    verification: { hash: `sha512-${sha512}` },
    ...(compression === undefined ? {} : { compression }),
    ...(headers.length === 0 ? {} : { httpHeaders: headers }),
  };
}

function isContent(options: Partial<Inline & Remote> | NoContent): options is Content {
  return options.content !== undefined || options.source !== undefined;
}

function nodeFields(options: NodeOptions): Pick<File, "overwrite" | "user" | "group"> {
  const { overwrite, user, group } = options;
  return {
    ...(overwrite === undefined ? {} : { overwrite }),
    ...(user === undefined ? {} : { user: principal(user) }),
    ...(group === undefined ? {} : { group: principal(group) }),
  };
}

function principal(who: string | number): { id: number } | { name: string } {
  return typeof who === "number" ? { id: who } : { name: who };
}
