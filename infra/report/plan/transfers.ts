// SPDX-License-Identifier: Apache-2.0
// From a mirror's log of requests to what a node fetched in one start. Pure.

/** A file that a node fetched; the whole of it or a part. */
export interface Transfer {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since the epoch, by the workstation's clock. */
  readonly startMs: number;
  readonly endMs: number;
  readonly whole: boolean;
}

/** What a mirror serves, by digest: from its config. */
export type ServedNames = ReadonlyMap<string, string>;

/** Requests of fewer bytes are manifests and answers that there is nothing. */
const MIN_BYTES = 64 << 10;

const LINE =
  /^(\d{4}-\d\d-\d\dT[\d:.]+Z) \S+ GET ("(?:[^"\\]|\\.)*") (200|206) (\d+) (\d+)ms( cut-off)?$/;

/** Reads a log's lines; those that are no transfer of a file are left out. */
export function parseTransfers(lines: readonly string[], names: ServedNames): readonly Transfer[] {
  return lines.flatMap((line) => {
    const [, ended = "", url = '""', , bytes, tookMs, cutOff] = LINE.exec(line) ?? [];
    const endMs = Date.parse(ended);
    if (Number.isNaN(endMs) || Number(bytes) < MIN_BYTES) return [];
    const transfer = {
      name: nameOf(JSON.parse(url) as string, names),
      bytes: Number(bytes),
      startMs: endMs - Number(tookMs),
      endMs,
      whole: cutOff === undefined,
    };
    return [transfer];
  });
}

/** Those that began between two times, the longest first. */
export function transfersBetween(
  transfers: readonly Transfer[],
  fromMs: number,
  toMs: number,
): readonly Transfer[] {
  return transfers
    .filter(({ startMs, endMs }) => endMs >= fromMs && startMs <= toMs)
    .sort((a, b) => b.endMs - b.startMs - (a.endMs - a.startMs));
}

/** Names of a mirror's config, by digest. Throws nothing: a config that cannot be read has no names. */
export function servedNames(config: string): ServedNames {
  const names = new Map<string, string>();
  const value = parse(config);
  for (const [path, file] of entries(member(value, "files"))) {
    const digest = member(file, "sha512");
    if (typeof digest === "string") names.set(digest, path);
  }
  for (const [reference, digest] of entries(member(value, "images"))) {
    if (typeof digest === "string") names.set(digest, reference);
  }
  return names;
}

function nameOf(url: string, names: ServedNames): string {
  const digest = /^\/sha512\/([0-9a-f]{128})$/.exec(url)?.[1];
  if (digest !== undefined) return names.get(digest) ?? `sha512-${digest.slice(0, 12)}…`;
  const [, repository, blob] = /^\/v2\/(.+)\/blobs\/(sha256:[0-9a-f]{12})/.exec(url) ?? [];
  return repository === undefined ? url.replace(/^\//, "") : `${repository} ${blob}…`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? new Map<string, unknown>(Object.entries(value)).get(name)
    : undefined;
}

function entries(value: unknown): ReadonlyArray<readonly [string, unknown]> {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
