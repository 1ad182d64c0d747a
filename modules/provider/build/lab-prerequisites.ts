// SPDX-License-Identifier: Apache-2.0
// What the workstation must have before a lab image can be built, checked all at once and before anything is done.

import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { ArtifactError } from "./artifact-error.ts";

/** Debian's archive keys. */
export const DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Programs that the builder runs, with the Debian package of each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  debootstrap: "debootstrap",
  "apt-get": "apt",
  chroot: "coreutils",
  "mkfs.ext4": "e2fsprogs",
  "qemu-img": "qemu-utils",
  unshare: "util-linux",
  setpriv: "util-linux",
};

/** Throws one error that names everything that is missing, and the command that installs it. */
export async function requireLabPrograms(): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new ArtifactError(
      `Cannot build the lab image: this user has number ${process.getuid?.()}, expected root`,
    );
  }
  const missing: string[] = [];
  for (const [program, packageName] of Object.entries(PROGRAMS)) {
    if (!(await onPath(program))) missing.push(packageName);
  }
  if (!(await accessible(DEBIAN_KEYRING, constants.R_OK))) missing.push("debian-archive-keyring");
  if (missing.length > 0) {
    throw new ArtifactError(
      `Cannot build the lab image: programs are missing, install them with: apt-get install -y --no-install-recommends ${[...new Set(missing)].join(" ")}`,
    );
  }
}

async function onPath(program: string): Promise<boolean> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const folder of folders) {
    if (await accessible(join(folder, program), constants.X_OK)) return true;
  }
  return false;
}

async function accessible(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
