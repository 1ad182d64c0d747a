// SPDX-License-Identifier: Apache-2.0
// Namespaces without a process in them: made by this thread, held by a bind mount of /proc/thread-self/ns/… onto a file.
//
// Everything between unshare and setns is synchronous and on the main thread: the runtime's other threads never leave the
// host's namespaces, and nothing else of ours can run in between.
import { dirname } from "node:path";
import { UsageError } from "../errors.ts";
import {
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWUTS,
  MNT_DETACH,
  MS_BIND,
  O_CLOEXEC,
  O_RDONLY,
} from "../system/constants.ts";
import { isMissing } from "../system/files.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";
import { goHome } from "./go-home.ts";

const KINDS = {
  network: { flag: CLONE_NEWNET, file: "net" },
  ipc: { flag: CLONE_NEWIPC, file: "ipc" },
  uts: { flag: CLONE_NEWUTS, file: "uts" },
} as const;

export type PinnedKind = keyof typeof KINDS;

/** Which namespaces to make, and the file that holds each. */
export type PinnedPaths = { readonly [Kind in PinnedKind]?: string };

export interface PinOptions {
  /** Needs `uts`. */
  readonly hostname?: string;
  /** Dotted or slashed names; each must belong to one of the namespaces that are made. */
  readonly sysctls?: Readonly<Record<string, string>>;
}

/** Namespaced sysctls by the first elements of their names (Documentation/admin-guide/sysctl). */
const SYSCTL_OWNERS: readonly (readonly [RegExp, PinnedKind])[] = [
  [/^net\//, "network"],
  [
    /^kernel\/(shmall|shmmax|shmmni|shm_rmid_forced|msgmax|msgmnb|msgmni|sem|msg_next_id|sem_next_id|shm_next_id)$/,
    "ipc",
  ],
  [/^fs\/mqueue\//, "ipc"],
  [/^kernel\/(hostname|domainname)$/, "uts"],
];

/**
 * Makes the namespaces and pins them, all or none. The files' directories are made; a file that is there already is an
 * error. From inside, loopback is brought up, sysctls are set and the host name is given.
 */
export function pinNamespaces(system: System, paths: PinnedPaths, options: PinOptions = {}): void {
  const { kernel, files } = system;
  const sysctls = planSysctls(paths, options.sysctls ?? {});
  if (options.hostname !== undefined && paths.uts === undefined) {
    throw new UsageError(`Cannot set hostname "${options.hostname}": no uts namespace is made`);
  }
  const wanted = (["network", "ipc", "uts"] as const).flatMap((kind) => {
    const path = paths[kind];
    return path === undefined ? [] : [{ ...KINDS[kind], path }];
  });
  const homes = wanted.map(({ flag, file }) => ({
    flag,
    fd: files.openSync(`/proc/thread-self/ns/${file}`, O_RDONLY | O_CLOEXEC),
  }));
  const made: string[] = [];
  try {
    for (const { path } of wanted) {
      files.mkdirpSync(dirname(path), { mode: 0o755 });
      files.closeSync(files.openSync(path, "wx", 0o444));
      made.push(path);
    }
    kernel.unshare(wanted.reduce((flags, { flag }) => flags | flag, 0));
    if (paths.network !== undefined) {
      kernel.raiseLoopback();
    }
    if (options.hostname !== undefined) {
      kernel.sethostname(options.hostname);
    }
    for (const [name, value] of sysctls) {
      writeSysctl(system, name, value);
    }
    for (const { file, path } of wanted) {
      kernel.mount(`/proc/thread-self/ns/${file}`, path, "none", MS_BIND);
    }
  } catch (error) {
    for (const path of made) {
      unpinNamespace(system, path);
    }
    throw error;
  } finally {
    goHome(system, homes);
  }
}

/** Lets go of a namespace: it ends with its last process. Idempotent. */
export function unpinNamespace(system: System, path: string): void {
  const { kernel, files } = system;
  try {
    kernel.umount(path, MNT_DETACH);
  } catch (error) {
    // EINVAL: the file is there, but nothing is mounted on it, as after a reboot
    if (errnoOf(error) !== "EINVAL" && !isMissing(error)) {
      throw error;
    }
  }
  try {
    files.unlinkSync(path);
  } catch (error) {
    if (!isMissing(error)) {
      throw error;
    }
  }
}

/** Whether a namespace is pinned there: after a reboot the file may remain, but is only a file. */
export function isPinned(system: System, path: string): boolean {
  const nsfs = system.files.statSync("/proc/thread-self/ns/net").dev;
  try {
    return system.files.statSync(path).dev === nsfs;
  } catch (error) {
    if (isMissing(error)) {
      return false;
    }
    throw error;
  }
}

/** Checks that each sysctl is one of a namespace that is made, and says its name as a path below /proc/sys. */
function planSysctls(
  paths: PinnedPaths,
  sysctls: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  return Object.entries(sysctls).map(([name, value]) => {
    const path = sysctlPath(name);
    const owner = SYSCTL_OWNERS.find(([pattern]) => pattern.test(path))?.[1];
    if (owner === undefined) {
      throw new UsageError(`Cannot set sysctl "${name}": it does not belong to a namespace`);
    }
    if (paths[owner] === undefined) {
      throw new UsageError(
        `Cannot set sysctl "${name}": the pod has no ${owner} namespace of its own`,
      );
    }
    return [path, value] as const;
  });
}

/**
 * `net.ipv4.ip_forward` and `net/ipv4/ip_forward` → `net/ipv4/ip_forward`. As in sysctl(8), the separator that comes first
 * decides, and the other one then stands for itself (interface names have dots).
 */
function sysctlPath(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  const path =
    separator === "."
      ? name.replace(/[./]/g, (character) => (character === "." ? "/" : "."))
      : name;
  if (
    !/^[\w/.\-*:@]+$/.test(path) ||
    path.split("/").some((part) => part === "" || part === "..")
  ) {
    throw new UsageError(`Cannot set sysctl "${name}": that is not a name`);
  }
  return path;
}

function writeSysctl(system: System, path: string, value: string): void {
  try {
    system.files.writeFileSync(`/proc/sys/${path}`, value);
  } catch (cause) {
    throw new UsageError(
      `Cannot set sysctl "${path.replaceAll("/", ".")}" to "${value}": ${errnoOf(cause)}`,
      { cause },
    );
  }
}
