// SPDX-License-Identifier: Apache-2.0
// What the lab image is made of, as data; the provider's builder carries it out (modules/provider/build/lab.ts).
// The image is Debian with systemd and the real Ignition in its initramfs. Nothing of corefly is in it: what a node
// needs arrives by Ignition, as on Fedora CoreOS and Flatcar.

import { createHash } from "node:crypto";
import { dracutModule, guestFiles, type LabFile } from "./files.ts";

export type LabArchitecture = "amd64";

export interface LabRecipe {
  /** Raised when the builder itself changes what comes out. */
  readonly builder: number;
  readonly architecture: LabArchitecture;
  readonly release: string;
  /** Installed without recommended packages. */
  readonly packages: readonly string[];
  /** Version of the Ignition that replaces Debian's in the initramfs. */
  readonly ignitionVersion: string;
  readonly dracut: {
    readonly add: readonly string[];
    readonly omit: readonly string[];
    readonly drivers: readonly string[];
  };
  /** Label of the root filesystem, which the kernel's command line and the initramfs name. */
  readonly rootLabel: string;
  readonly rootSizeGiB: number;
  /** Written before the initramfs is made. */
  readonly initramfsFiles: readonly LabFile[];
  /** Written into the root filesystem. */
  readonly files: readonly LabFile[];
  /** Paths whose contents are removed from the root filesystem, but not they themselves. */
  readonly emptied: readonly string[];
  readonly removed: readonly string[];
  /** Enabled by Debian's packages, of no use on a node: their links in `*.wants` go. */
  readonly disabledUnits: readonly string[];
}

/** Patterns of dpkg: what of a package is not unpacked. */
export const EXCLUDED_PATHS: readonly string[] = [
  "/usr/share/doc/*",
  "/usr/share/info/*",
  "/usr/share/locale/*",
  "/usr/share/man/*",
];

export const LAB_ROOT_LABEL = "corefly-root";

/** The recipe of the lab image. */
export function labRecipe(architecture: LabArchitecture): LabRecipe {
  return {
    builder: 1,
    architecture,
    release: "bookworm",
    packages: [
      "dbus",
      "dracut",
      "dracut-network",
      "e2fsprogs",
      "ignition",
      "iproute2",
      "kmod",
      "linux-image-cloud-amd64",
      "procps",
      "systemd",
      "systemd-sysv",
      "udev",
    ],
    ignitionVersion: "2.24.0",
    dracut: {
      add: ["ignition", "corefly-lab", "systemd", "systemd-networkd"],
      // Drivers and file systems of other machines: they would triple what each boot unpacks.
      omit: [
        "bluetooth",
        "crypt",
        "dm",
        "ifcfg",
        "kernel-modules",
        "kernel-modules-extra",
        "lunmask",
        "nfs",
        "nvdimm",
        "overlay-root",
        "plymouth",
        "resume",
        "shutdown",
        "terminfo",
        "usrmount",
        "virtiofs",
      ],
      drivers: [
        "ext4",
        "overlay",
        "qemu_fw_cfg",
        "virtio_blk",
        "virtio_console",
        "virtio_net",
        "virtio_pci",
      ],
    },
    rootLabel: LAB_ROOT_LABEL,
    rootSizeGiB: 8,
    initramfsFiles: dracutModule(LAB_ROOT_LABEL),
    files: guestFiles(LAB_ROOT_LABEL),
    emptied: [
      "/tmp",
      "/usr/share/doc",
      "/usr/share/info",
      "/usr/share/locale",
      "/usr/share/man",
      "/var/cache/apt",
      "/var/lib/apt/lists",
      "/var/log/apt",
      "/var/tmp",
    ],
    removed: [
      // Without it systemd knows the first boot, and enables the units that Ignition asked for.
      "/etc/machine-id",
      "/etc/hostname",
      "/etc/resolv.conf",
      "/initrd.img",
      "/initrd.img.old",
      "/usr/lib/dracut/modules.d/30ignition/ignition",
      "/usr/sbin/policy-rc.d",
      "/var/lib/dbus/machine-id",
      "/var/log/bootstrap.log",
      "/var/log/dpkg.log",
      "/var/log/alternatives.log",
      "/vmlinuz",
      "/vmlinuz.old",
    ],
    disabledUnits: [
      "apt-daily.timer",
      "apt-daily-upgrade.timer",
      "dpkg-db-backup.timer",
      "e2scrub_all.timer",
      "e2scrub_reap.service",
      "fstrim.timer",
      "getty@tty1.service",
    ],
  };
}

/** Identity of a recipe, 64 hex digits: the same recipe, the same image, whatever else of corefly changed. */
export function recipeId(recipe: LabRecipe): string {
  return createHash("sha256").update(JSON.stringify(recipe)).digest("hex");
}
