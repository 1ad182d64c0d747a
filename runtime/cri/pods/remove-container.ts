// SPDX-License-Identifier: Apache-2.0
// RemoveContainer: stops it if it must, then nothing of it is left. Its record goes last, so that a removal that was cut off
// is found and finished.
import { join } from "node:path";
import { CONTAINER_FILE } from "../../pod/container-record.ts";
import { crunDelete } from "../../stage1/oci/crun.ts";
import type { CriContext } from "../context.ts";
import { removeMonitorFiles } from "./container-exit.ts";
import { containerLock } from "./container-record-update.ts";
import { unmountTree } from "./mounts.ts";
import { appDir } from "./paths.ts";
import type { Container } from "./pod-table.ts";
import { stopContainer } from "./stop-container.ts";

/** Idempotent. A start that came in between is stopped too. */
export async function removeContainer(context: CriContext, container: Container): Promise<void> {
  let isRemoved = false;
  while (!isRemoved) {
    await stopContainer(context, container, 0);
    isRemoved = await context.locks.run(containerLock(container), async () => {
      if (container.record.state === "running") {
        return false;
      }
      await removeStopped(context, container);
      return true;
    });
  }
}

async function removeStopped(context: CriContext, container: Container): Promise<void> {
  const { system, crun, pods, paths } = context;
  const { record } = container;
  if (pods.findContainer(record.id) === undefined) {
    return;
  }
  await crunDelete(system, crun, record.id);
  await removeMonitorFiles(context, record);
  const directory = appDir(paths, record.podUuid, record.id);
  unmountTree(system, directory);
  for (const name of await system.files.listNames(directory)) {
    if (name !== CONTAINER_FILE) {
      await system.files.removeTree(join(directory, name));
    }
  }
  await system.files.removeTree(directory);
  pods.removeContainer(record.id);
  context.diskUsage.forget(record.id);
  context.cpuRates.forget(record.id);
}
