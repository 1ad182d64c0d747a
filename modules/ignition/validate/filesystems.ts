// SPDX-License-Identifier: Apache-2.0
// Checks file systems against their formats and against the disks they are on.
import type { Filesystem, IgnitionConfig } from "ignition-config-types";
import type { Code } from "../codes.ts";
import type { ConfigPath, Problem } from "../finding.ts";
import { byteLength, checkPath } from "./nodes.ts";

export function* checkFilesystems({ storage }: IgnitionConfig): Generator<Problem> {
  const disks = new Map((storage?.disks ?? []).map((disk) => [disk.device, disk]));
  const mounted = new Map<string, ConfigPath>();
  for (const [index, filesystem] of (storage?.filesystems ?? []).entries()) {
    const at = ["storage", "filesystems", index];
    yield* checkFilesystem(filesystem, at);
    const { path, device, wipeFilesystem } = filesystem;
    const other = path ? mounted.get(path) : undefined;
    if (other !== undefined) {
      const text = `is "${path}", the place of %s`;
      yield { code: "DuplicateMountPoint", path: [...at, "path"], text, related: other };
    }
    if (path) mounted.set(path, at);
    const disk = disks.get(device);
    if (disk === undefined) continue;
    if ((disk.partitions ?? []).length > 0) {
      const text = "is a disk that the config partitions, so its table is overwritten";
      yield { code: "ErrPartitionsOverwritten", path: [...at, "device"], text };
    } else if (wipeFilesystem !== true && disk.wipeTable === true) {
      const text = "is a disk with wipeTable, so the file system is wiped";
      yield { code: "ErrFilesystemImplicitWipe", path: [...at, "device"], text };
    }
  }
}

function* checkFilesystem(filesystem: Filesystem, at: ConfigPath): Generator<Problem> {
  const { path, device, format } = filesystem;
  if (path) yield* checkPath(path, [...at, "path"]);
  yield* checkPath(device, [...at, "device"]);
  if (!format) {
    yield* checkFormatless(filesystem, at);
  } else if (!Object.hasOwn(labelLimits, format)) {
    const text = `is "${format}", expected one of ${Object.keys(labelLimits).join(", ")}`;
    yield { code: "ErrFilesystemInvalidFormat", path: [...at, "format"], text };
  }
  yield* checkLabel(filesystem, at);
}

function* checkFormatless(filesystem: Filesystem, at: ConfigPath): Generator<Problem> {
  const { path, label, uuid, wipeFilesystem, mountOptions = [], options = [] } = filesystem;
  const others = path || label || uuid || wipeFilesystem || mountOptions.length || options.length;
  if (!others) return;
  const text = "is missing, but there are other properties";
  yield { code: "ErrFormatNilWithOthers", path: [...at, "format"], text };
}

const labelLimits: Readonly<Record<string, readonly [number, Code] | undefined>> = {
  ext4: [16, "ErrExt4LabelTooLong"],
  btrfs: [256, "ErrBtrfsLabelTooLong"],
  xfs: [12, "ErrXfsLabelTooLong"],
  swap: [15, "ErrSwapLabelTooLong"],
  vfat: [11, "ErrVfatLabelTooLong"],
  none: undefined,
};

function* checkLabel({ label, format }: Filesystem, at: ConfigPath): Generator<Problem> {
  if (!label) return;
  const path = [...at, "label"];
  if (!format) {
    yield { code: "ErrLabelNeedsFormat", path, text: `is "${label}", but there is no format` };
    return;
  }
  const limit = Object.hasOwn(labelLimits, format) ? labelLimits[format] : undefined;
  if (limit === undefined || byteLength(label) <= limit[0]) return;
  const text = `is ${byteLength(label)} bytes long, expected at most ${limit[0]} for ${format}`;
  yield { code: limit[1], path, text };
}
