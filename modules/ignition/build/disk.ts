// SPDX-License-Identifier: Apache-2.0
// Disks and file systems.
import type { Disk, Filesystem } from "ignition-config-types";

/** Options of {@link disk}: Ignition's own fields. */
export type DiskOptions = Omit<Disk, "device">;

/** A partition table on a disk, named by a path of /dev that stays the same over boots. */
export function disk(device: string, options: DiskOptions): Disk {
  return { device, ...options };
}

/** The formats that Ignition makes; `none` leaves a device as it is. */
export type FilesystemFormat = "ext4" | "btrfs" | "xfs" | "swap" | "vfat" | "none";

/** Options of {@link filesystem}: Ignition's own fields, with a format. */
export interface FilesystemOptions extends Omit<Filesystem, "device" | "format"> {
  readonly format: FilesystemFormat;
}

/**
 * A file system on a device. With `path` it is mounted there while Ignition writes files; to mount it at boot needs a
 * mount unit. An existing one of the same format and label is kept unless `wipeFilesystem` is true.
 */
export function filesystem(device: string, options: FilesystemOptions): Filesystem {
  return { device, ...options };
}
