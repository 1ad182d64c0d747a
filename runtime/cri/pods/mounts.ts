// SPDX-License-Identifier: Apache-2.0
// Mounts of pods and containers on the host: root filesystems by overlayfs, and their removal.
import { MNT_DETACH } from "../../system/constants.ts";
import { mountPointsBelow } from "../../system/files.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";

/** A container's own root: the image's directories (topmost first) below a layer that takes its writes. */
export function mountOverlay(
  system: System,
  lower: readonly string[],
  directories: { readonly upper: string; readonly work: string; readonly target: string },
): void {
  const { files, kernel } = system;
  for (const directory of [directories.upper, directories.work, directories.target]) {
    files.mkdirpSync(directory, { mode: 0o755 });
  }
  const options = [
    rootfsOverlayOptions(lower),
    `upperdir=${escapeOption(directories.upper)}`,
    `workdir=${escapeOption(directories.work)}`,
  ];
  kernel.mount("overlay", directories.target, "overlay", 0, options.join(","));
}

/** The part of overlayfs' options that names the image's directories, topmost first. */
export function rootfsOverlayOptions(lower: readonly string[]): string {
  return `lowerdir=${lower.map(escapeOption).join(":")}`;
}

/** Takes away every mount on a path; fine when there is none, or no such path. */
export function unmountAll(system: System, path: string): void {
  for (;;) {
    try {
      system.kernel.umount(path, MNT_DETACH);
    } catch (cause) {
      const errno = errnoOf(cause);
      if (errno === "EINVAL" || errno === "ENOENT") {
        return;
      }
      throw cause;
    }
  }
}

/** Takes away every mount at or below a directory, deepest first. */
export function unmountTree(system: System, directory: string): void {
  for (const target of mountPointsIn(directory)) {
    unmountAll(system, target);
  }
}

function mountPointsIn(directory: string): readonly string[] {
  try {
    return [...mountPointsBelow(directory)].sort((a, b) => b.length - a.length);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") {
      return [];
    }
    throw cause;
  }
}

/** overlayfs takes `\:`, `\,` and `\\` for the characters that separate its options. */
function escapeOption(path: string): string {
  return path.replaceAll(/[\\:,]/g, (character) => `\\${character}`);
}
