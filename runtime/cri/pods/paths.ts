// SPDX-License-Identifier: Apache-2.0
// Where the CRI server keeps what: records and root filesystems below the data directory, what a reboot may forget below /run.
import { join } from "node:path";

export interface CriPaths {
  /** /var/lib/corefly */
  readonly dataDir: string;
  /** /run/corefly */
  readonly stateDir: string;
}

/** A pod of the kubelet, once its record is complete. */
export function podDir(paths: CriPaths, uuid: string): string {
  return join(paths.dataDir, "pods/run", uuid);
}

export function runningPodsDir(paths: CriPaths): string {
  return join(paths.dataDir, "pods/run");
}

/** Where the server puts a pod together before anybody may see it. Nobody else writes there. */
export function embryoDir(paths: CriPaths, uuid: string): string {
  return join(paths.dataDir, "cri/embryo", uuid);
}

/** Where the server takes a pod apart. */
export function garbageDir(paths: CriPaths, uuid: string): string {
  return join(paths.dataDir, "cri/garbage", uuid);
}

/** One container: its record, conmon's files and the bundle. */
export function appDir(paths: CriPaths, uuid: string, containerId: string): string {
  return join(podDir(paths, uuid), "apps", containerId);
}

export function rootfsDir(directory: string): string {
  return join(directory, "rootfs");
}

export function netnsPath(paths: CriPaths, uuid: string): string {
  return join(paths.stateDir, "netns", uuid);
}

export function ipcnsPath(paths: CriPaths, uuid: string): string {
  return join(paths.stateDir, "ipcns", uuid);
}

export function utsnsPath(paths: CriPaths, uuid: string): string {
  return join(paths.stateDir, "utsns", uuid);
}

export function shmPath(paths: CriPaths, uuid: string): string {
  return join(paths.stateDir, "shm", uuid);
}

/** conmon leaves a file named by the id there when a container ends. */
export function exitsDir(paths: CriPaths): string {
  return join(paths.stateDir, "exits");
}

/**
 * How a container has ended, by conmon. Not on the disk of the pods: conmon ends without a word when that is full. A link in
 * the container's directory leads there.
 */
export function endDir(paths: CriPaths, containerId: string): string {
  return join(paths.stateDir, "ends", containerId);
}

export function attachDir(paths: CriPaths): string {
  return join(paths.stateDir, "attach");
}

export function execDir(paths: CriPaths): string {
  return join(paths.stateDir, "exec");
}
