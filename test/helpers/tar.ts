// SPDX-License-Identifier: Apache-2.0
// Tar archives for tests, entry by entry in the order given, honest or not.
import { bytesOf, type TarEntry, type TarKind } from "../../runtime/image/tar/entry.ts";
import { END_OF_ARCHIVE, headerBlocks, padding } from "../../runtime/image/tar/writer.ts";

export interface TestEntry {
  /** With a slash at the end: a directory, unless another kind is said. */
  readonly path: string | Buffer;
  readonly content?: string | Buffer;
  readonly symlink?: string;
  readonly hardlink?: string;
  readonly kind?: TarKind;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtimeSeconds?: number;
  readonly device?: readonly [number, number];
  readonly xattrs?: Readonly<Record<string, string>>;
}

export function writeTar(entries: readonly TestEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocks), END_OF_ARCHIVE]);
}

/** An ACI of a manifest with these fields, and entries below rootfs/ unless `raw`. */
export function writeTestAci(
  name: string,
  entries: readonly TestEntry[],
  fields: object = {},
): Buffer {
  const manifest = {
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name,
    labels: [
      { name: "version", value: "1.0.0" },
      { name: "os", value: "linux" },
      { name: "arch", value: "amd64" },
    ],
    app: { exec: ["/bin/app"], user: "0", group: "0" },
    ...fields,
  };
  return writeTar([
    { path: "manifest", content: JSON.stringify(manifest) },
    { path: "rootfs/" },
    ...entries,
  ]);
}

function blocks(test: TestEntry): Buffer[] {
  const content = Buffer.from(test.content ?? "");
  const entry: TarEntry = {
    path: typeof test.path === "string" ? bytesOf(test.path) : test.path.toString("latin1"),
    kind: kindOf(test),
    linkTarget: bytesOf(test.symlink ?? test.hardlink ?? ""),
    mode: test.mode ?? (kindOf(test) === "directory" ? 0o755 : 0o644),
    uid: test.uid ?? 0,
    gid: test.gid ?? 0,
    sizeBytes: content.length,
    mtimeSeconds: test.mtimeSeconds ?? 0,
    deviceMajor: test.device?.[0] ?? 0,
    deviceMinor: test.device?.[1] ?? 0,
    xattrs: new Map(
      Object.entries(test.xattrs ?? {}).map(([name, value]) => [name, Buffer.from(value)]),
    ),
  };
  return [headerBlocks(entry), content, padding(content.length)];
}

function kindOf(test: TestEntry): TarKind {
  if (test.kind !== undefined) {
    return test.kind;
  }
  if (test.symlink !== undefined) {
    return "symlink";
  }
  if (test.hardlink !== undefined) {
    return "hardlink";
  }
  return test.path.toString().endsWith("/") ? "directory" : "file";
}
