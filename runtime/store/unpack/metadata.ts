// SPDX-License-Identifier: Apache-2.0
// Owner, mode, attributes and time of an unpacked entry, in the order that keeps them: chown takes away setuid bits and file
// capabilities, so both come after it.
import { SystemError } from "../../errors.ts";
import type { TarEntry } from "../../image/tar/entry.ts";
import type { System } from "../../system/system.ts";

/** `fd`: of the file when it is open. Symlinks have no mode of their own. */
export function applyMetadata(target: Buffer, entry: TarEntry, system: System, fd?: number): void {
  const { files } = system;
  if (fd === undefined) {
    files.lchownSync(target, entry.uid, entry.gid);
  } else {
    files.fchownSync(fd, entry.uid, entry.gid);
  }
  if (fd !== undefined) {
    files.fchmodSync(fd, entry.mode);
  } else if (entry.kind !== "symlink") {
    files.chmodSync(target, entry.mode);
  }
  for (const [name, value] of entry.xattrs) {
    if (isWanted(name)) {
      setXattr(target, name, value, system);
    }
  }
  if (fd !== undefined) {
    files.futimesSync(fd, entry.mtimeSeconds, entry.mtimeSeconds);
  } else if (entry.kind !== "directory") {
    files.lutimesSync(target, entry.mtimeSeconds, entry.mtimeSeconds);
  }
}

/** The attributes of a file that would also be taken from an archive. */
export function writableXattrs(path: Buffer, system: System): ReadonlyMap<string, Uint8Array> {
  return new Map(
    system.kernel
      .llistxattr(path)
      .filter(isWanted)
      .map((name) => [name, system.kernel.lgetxattr(path, name) ?? new Uint8Array()]),
  );
}

const COPY_BYTES = 1024 * 1024;

export function copyFile(from: Buffer, toFd: number, { files }: System): void {
  const fromFd = files.openSync(from, "r");
  try {
    const buffer = Buffer.alloc(COPY_BYTES);
    for (
      let read = files.readSync(fromFd, buffer);
      read > 0;
      read = files.readSync(fromFd, buffer)
    ) {
      for (let done = 0; done < read; ) {
        done += files.writeSync(toFd, buffer, done, read - done);
      }
    }
  } finally {
    files.closeSync(fromFd);
  }
}

/**
 * File capabilities, user attributes and ACLs belong to the image. Others belong to the host: trusted.overlay.* steers
 * overlayfs (a redirect would show other parts of the store), security.selinux is the host's policy.
 */
function isWanted(name: string): boolean {
  return (
    name === "security.capability" ||
    name.startsWith("system.posix_acl_") ||
    (name.startsWith("user.") && !name.startsWith("user.overlay."))
  );
}

function setXattr(target: Buffer, name: string, value: Uint8Array, system: System): void {
  try {
    system.kernel.lsetxattr(target, name, value);
  } catch (error) {
    // File systems without user attributes (tmpfs before 6.6), and symlinks, which cannot have them.
    const isOptional =
      error instanceof SystemError && ["EOPNOTSUPP", "ENOTSUP", "EPERM"].includes(error.errno);
    if (!isOptional || name === "security.capability") {
      throw error;
    }
  }
}
