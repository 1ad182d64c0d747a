// SPDX-License-Identifier: Apache-2.0
// Where an app's cgroup goes, in the two notations of low-level runtimes: a path, or `slice:prefix:name` for systemd.
import { basename, posix } from "node:path";
import { UsageError } from "../../errors.ts";
import type { AppPlan } from "../app-plan.ts";

/** Slice of pods started by hand, where machinectl's machines are too. */
const DEFAULT_SLICE = "machine.slice";
const DEFAULT_PARENT = "/corefly";
/** systemd scopes are named `<prefix>-<name>.scope`. */
export const SCOPE_PREFIX = "corefly";

/** `linux.cgroupsPath` of config.json. Throws UsageError for a parent that the driver cannot use. */
export function cgroupsPath(
  plan: Pick<AppPlan, "cgroupParent" | "containerId">,
  driver: "systemd" | "cgroupfs",
): string {
  const { cgroupParent, containerId } = plan;
  if (cgroupParent.split("/").includes("..")) {
    throw new UsageError(`Cannot use cgroup parent "${cgroupParent}": it contains ".."`);
  }
  if (driver === "cgroupfs") {
    return posix.join("/", cgroupParent === "" ? DEFAULT_PARENT : cgroupParent, containerId);
  }
  const slice = cgroupParent === "" ? DEFAULT_SLICE : basename(cgroupParent);
  if (!slice.endsWith(".slice")) {
    throw new UsageError(
      `Cannot use cgroup parent "${cgroupParent}": with the systemd cgroup driver its last element must be a slice`,
    );
  }
  return `${slice}:${SCOPE_PREFIX}:${containerId}`;
}
