// SPDX-License-Identifier: Apache-2.0
// Taking a pod's parts away: its network, namespaces and mounts. Each step is idempotent, so a teardown may be repeated.
import { join } from "node:path";
import { unpinNamespace } from "../../net/pinned-namespaces.ts";
import type { SandboxRecord } from "../../pod/sandbox-record.ts";
import type { CriContext } from "../context.ts";
import { unmountAll, unmountTree } from "./mounts.ts";
import { embryoDir, garbageDir, podDir } from "./paths.ts";
import { deleteSandboxInit } from "./sandbox-init.ts";

/** The pod's init process, network (DEL before the namespace goes), ipc namespace and /dev/shm. Throws on the first failure. */
export async function releaseSandbox(context: CriContext, record: SandboxRecord): Promise<void> {
  const { system, network } = context;
  await deleteSandboxInit(context, record);
  if (record.netnsPath !== "") {
    await network.detach(record.uuid);
  }
  for (const path of [record.netnsPath, record.ipcnsPath, record.utsnsPath]) {
    if (path !== "") {
      unpinNamespace(system, path);
    }
  }
  if (record.shmPath !== "") {
    unmountAll(system, record.shmPath);
    await system.files.removeTree(record.shmPath);
  }
}

/** Removes the pod's directory: renamed first, so that nobody sees half a pod. */
export async function removePodDir(context: CriContext, uuid: string): Promise<void> {
  const { files } = context.system;
  const garbage = garbageDir(context.paths, uuid);
  await files.mkdirp(join(garbage, ".."), { mode: 0o700 });
  for (const directory of [podDir(context.paths, uuid), embryoDir(context.paths, uuid)]) {
    if (await files.exists(directory)) {
      unmountTree(context.system, directory);
      await files.rename(directory, garbage);
    }
  }
  await files.removeTree(garbage);
}
