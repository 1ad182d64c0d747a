// SPDX-License-Identifier: Apache-2.0
// A pod's network namespace: pinned under /run/corefly/netns, so that it needs no process and outlives the runtime.
import { join } from "node:path";
import type { System } from "../system/system.ts";
import { isPinned, pinNamespaces, unpinNamespace } from "./pinned-namespaces.ts";

/** Where network namespaces are pinned, one file for each pod, named by its UUID. */
export const NETNS_DIRECTORY = "/run/corefly/netns";

/** The file of a pod's network namespace. */
export function netnsPath(podUuid: string, directory: string = NETNS_DIRECTORY): string {
  return join(directory, podUuid);
}

/** Makes a network namespace that has loopback and nothing else, with these `net.…` sysctls. */
export function createNetns(
  system: System,
  path: string,
  sysctls: Readonly<Record<string, string>> = {},
): void {
  pinNamespaces(system, { network: path }, { sysctls });
}

/** Idempotent. Interfaces in it vanish with it: detach() first, or addresses stay reserved. */
export function removeNetns(system: System, path: string): void {
  unpinNamespace(system, path);
}

/** Whether the namespace is there. */
export function hasNetns(system: System, path: string): boolean {
  return isPinned(system, path);
}
