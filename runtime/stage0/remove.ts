// SPDX-License-Identifier: Apache-2.0
// Takes a pod apart that is over: whatever its flavour has left on the host, then its directory. Can be repeated.
import { CoreflyError } from "../errors.ts";
import { detach } from "../net/attach.ts";
import { forgetAttachments } from "../net/attachments.ts";
import { removeNetns } from "../net/netns.ts";
import { POD_FILES, type Pod } from "../pod/pod.ts";
import { crunDelete } from "../stage1/oci/crun.ts";
import { readHostFacts } from "../stage1/oci/host-facts.ts";
import type { System } from "../system/system.ts";
import { netHost, type OciHost, openCrun, podNetnsPath } from "./oci.ts";
import { containerId } from "./oci-app.ts";
import { appPaths } from "./paths.ts";

export interface RemoveHost {
  readonly system: System;
  readonly oci: OciHost;
}

/** The caller holds the pod's lock, and nobody starts it again: it is in exited-garbage or garbage. */
export async function removePod({ system, oci }: RemoveHost, pod: Pod): Promise<void> {
  await removeContainers(system, oci, pod);
  await disconnect(system, oci, pod.uuid);
  removeNetns(system, podNetnsPath(oci, pod.uuid));
  await system.files.removeTree(pod.dir);
}

/** A bundle says that crun was called; it forgets its apps by itself unless it was killed. */
async function removeContainers(system: System, oci: OciHost, pod: Pod): Promise<void> {
  for (const app of await system.files.listNames(pod.path(POD_FILES.apps))) {
    const id = containerId(pod.uuid, app);
    const known = [appPaths(pod, app).bundle, `${oci.runtimeDir}/crun/${id}`];
    if (known.every((path) => system.files.existsSync(path))) {
      await crunDelete(system, openCrun(system, oci, await readHostFacts(system)), id);
    }
  }
}

/** Where the plugin is gone there is nobody to ask any more; its interfaces go with the namespace. */
async function disconnect(system: System, oci: OciHost, uuid: string): Promise<void> {
  const host = netHost(oci);
  try {
    await detach(system, host, uuid);
  } catch (error) {
    if (!(error instanceof CoreflyError && error.code === "NOT_FOUND")) {
      throw error;
    }
    await forgetAttachments(system, host.stateDir, uuid);
  }
}
