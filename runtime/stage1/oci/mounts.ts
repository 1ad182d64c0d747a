// SPDX-License-Identifier: Apache-2.0
// The mounts of config.json: what every app gets (/proc, /dev, /sys…), then the plan's volumes, parents before children.
import { posix } from "node:path";
import { assertNever, UsageError } from "../../errors.ts";
import type { AppMount, AppPlan, MountPropagation } from "../app-plan.ts";
import type { OciMount } from "./spec-types.ts";

/** Docker's size for /dev/shm, which software that checks has come to expect. */
const SHM_SIZE = "size=65536k";

/**
 * All mounts, sorted by depth so that a parent never hides what was mounted below it; otherwise the order is kept.
 * A volume at the place of a default mount replaces it; one at /dev replaces everything below /dev too.
 */
export function ociMounts(plan: AppPlan): readonly OciMount[] {
  const volumes = plan.mounts.map((mount) => ({ ...mount, target: cleanTarget(mount.target) }));
  const targets = new Set(volumes.map((mount) => mount.target));
  const defaults = defaultMounts(plan).filter(
    ({ destination }) =>
      !targets.has(destination) && !(destination.startsWith("/dev/") && targets.has("/dev")),
  );
  return [...defaults, ...volumes.map(ociMount)].sort(
    (a, b) => depth(a.destination) - depth(b.destination),
  );
}

/** The widest propagation that a mount needs: the app's root must not cut it off. */
export function rootfsPropagation(mounts: readonly AppMount[]): MountPropagation {
  const wanted = mounts.map((mount) => (mount.kind === "bind" ? mount.propagation : "private"));
  return (["rshared", "rslave"] as const).find((each) => wanted.includes(each)) ?? "private";
}

function defaultMounts(plan: AppPlan): readonly OciMount[] {
  const system = ["nosuid", "noexec", "nodev"];
  const access = plan.privileged ? "rw" : "ro";
  return [
    { destination: "/proc", type: "proc", source: "proc", options: system },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", SHM_SIZE],
    },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: [...system, access] },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: system },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: [...system, "mode=1777", SHM_SIZE],
    },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: [...system, "relatime", access],
    },
  ];
}

function ociMount(mount: AppMount): OciMount {
  switch (mount.kind) {
    case "tmpfs":
      return {
        destination: mount.target,
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "nodev", ...mount.options],
      };
    case "bind":
      return {
        destination: mount.target,
        type: "bind",
        source: mount.source,
        options: ["rbind", propagationOption(mount.propagation), ...accessOptions(mount)],
      };
    default:
      return assertNever(mount);
  }
}

function propagationOption(propagation: MountPropagation): string {
  return propagation === "private" ? "rprivate" : propagation;
}

function accessOptions(mount: {
  readonly target: string;
  readonly readOnly: boolean;
  readonly recursiveReadOnly: boolean;
  readonly propagation: MountPropagation;
}): readonly string[] {
  if (!mount.recursiveReadOnly) {
    return [mount.readOnly ? "ro" : "rw"];
  }
  if (!mount.readOnly || mount.propagation !== "private") {
    throw new UsageError(
      `Cannot mount "${mount.target}" read-only recursively: that needs a read-only mount with private propagation`,
    );
  }
  return ["rro"];
}

function cleanTarget(target: string): string {
  const clean = posix.normalize(target).replace(/(.)\/+$/, "$1");
  if (!target.startsWith("/") || target.split("/").includes("..") || target.includes("\0")) {
    throw new UsageError(`Cannot mount at "${target}": expected an absolute path without ".."`);
  }
  if (clean === "/") {
    throw new UsageError(`Cannot mount at "${target}": an app's root is its image`);
  }
  return clean;
}

function depth(path: string): number {
  return path.split("/").length;
}
