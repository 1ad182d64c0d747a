// SPDX-License-Identifier: Apache-2.0
// Carries a fly plan out: the mounts, then chroot, then this process becomes the app. The caller has entered the mount
// namespace, taken the trees and mounted the root.
import { CoreflyError, UsageError } from "../../errors.ts";
import { MOUNT_ATTR_RDONLY } from "../../system/constants.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";
import { mountPointKind, type RootDirectory } from "../root-directory.ts";
import type { FlyMount, FlyUser } from "./plan.ts";

export interface FlyApp {
  readonly name: string;
  /** A mount point: a kubelet looks for the line of "/" in its mountinfo. */
  readonly rootfs: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly user: FlyUser;
  readonly readOnlyRootfs: boolean;
}

/** Places every mount in the app's root. `trees` has a descriptor for each bind mount, in their order. */
export function placeMounts(
  system: System,
  root: RootDirectory,
  mounts: readonly FlyMount[],
  trees: readonly number[],
): void {
  const { kernel, files } = system;
  const remaining = [...trees];
  for (const mount of mounts) {
    try {
      if (mount.kind === "tmpfs") {
        const target = root.openMountPoint(mount.target, "directory");
        // The descriptor's link is followed to the very directory that was resolved inside the root.
        kernel.mount("tmpfs", `/proc/self/fd/${target}`, "tmpfs", 0, mount.options);
        files.closeSync(target);
        continue;
      }
      const tree = remaining.shift() ?? -1;
      const target = root.openMountPoint(mount.target, mountPointKind(system, mount.source));
      kernel.placeTree(tree, target);
      files.closeSync(target);
      files.closeSync(tree);
    } catch (cause) {
      if (cause instanceof UsageError) {
        throw cause;
      }
      const what = mount.kind === "tmpfs" ? "a tmpfs" : mount.what;
      throw new CoreflyError(
        "SYSTEM",
        `Cannot mount ${what} at "${mount.target}": ${errnoOf(cause)}`,
        {
          cause,
        },
      );
    }
  }
}

/** The program's path in the app's root. Throws UsageError when there is none: said before anything is given up. */
export function findAppProgram(root: RootDirectory, app: FlyApp): string {
  const [name = ""] = app.args;
  const program = root.findProgram(name, app.environment["PATH"] ?? "", app.workingDirectory);
  if (program === undefined) {
    throw new UsageError(
      `Cannot start app "${app.name}": there is no program "${name}" in its image`,
    );
  }
  return program;
}

/** Never returns. `lockFd` stays open in the app: the pod lives as long as somebody has it. */
export function becomeApp(system: System, app: FlyApp, program: string, lockFd: number): never {
  const { kernel, exec } = system;
  if (app.readOnlyRootfs) {
    kernel.setMountAttributes(app.rootfs, { set: MOUNT_ATTR_RDONLY });
  }
  kernel.chroot(app.rootfs);
  try {
    process.chdir(app.workingDirectory);
    kernel.setInheritable(lockFd);
    kernel.setCredentials({ uid: app.user.uid, gid: app.user.gid, groups: app.user.gids });
    return exec.replaceProcess(program, app.args, app.environment);
  } catch (cause) {
    throw new CoreflyError(
      "EXEC",
      `Cannot start app "${app.name}": program "${program}" says ${errnoOf(cause)}`,
      { cause },
    );
  }
}
