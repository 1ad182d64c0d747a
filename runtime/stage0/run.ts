// SPDX-License-Identifier: Apache-2.0
// Starts a pod from a plan: makes its directory, then becomes its app. Until the very end this process can still say what
// went wrong, and then leaves nothing behind.
import { formatPodManifest } from "../pod/manifest.ts";
import { POD_FILES, type Pod } from "../pod/pod.ts";
import type { Pods } from "../pod/pods.ts";
import { parsePodUuid } from "../pod/uuid.ts";
import { MountHome } from "../system/mount-home.ts";
import type { System } from "../system/system.ts";
import { startFly } from "./fly.ts";
import type { OciHost } from "./oci.ts";
import { startOci } from "./oci.ts";
import { appPaths } from "./paths.ts";
import type { PodPlan } from "./pod-plan.ts";
import { removePod } from "./remove.ts";
import { hostsFile, resolvConfFile } from "./resolver-files.ts";

export interface RunHost {
  readonly system: System;
  readonly pods: Pods;
  readonly oci: OciHost;
  readonly warn: (message: string) => void;
}

export interface RunOptions {
  readonly uuidFileSave: string | undefined;
  readonly signal: AbortSignal;
  /** The pod's manifest is on disk: its image is known to be in use. */
  readonly onPrepared?: () => void;
}

/**
 * Never returns when all goes well: the process becomes the app (fly) or its supervisor crun (oci), with the same pid, and
 * the pod's lock goes with it. On failure the pod is removed again.
 */
export async function runPod(host: RunHost, plan: PodPlan, options: RunOptions): Promise<never> {
  const { system, pods } = host;
  const pod = pods.createAlone(parsePodUuid(plan.uuid));
  const home = new MountHome(system);
  try {
    if (options.uuidFileSave !== undefined) {
      system.files.writeFileSync(options.uuidFileSave, pod.uuid, { mode: 0o644 });
    }
    prepare(system, pod, plan);
    options.onPrepared?.();
    pod.moveTo("run");
    switch (plan.flavour) {
      case "fly":
        return startFly(system, pod, plan);
      case "oci":
        return await startOci(system, pod, plan, host.oci, options.signal);
    }
  } catch (cause) {
    // With the mount namespace of the attempt its mounts go too.
    home.return();
    await discard(host, pod);
    throw cause;
  }
}

/** Writes down what will run, and makes the directories that it will run in. */
function prepare(system: System, pod: Pod, plan: PodPlan): void {
  const { files } = system;
  const paths = appPaths(pod, plan.app.name);
  for (const dir of [paths.rootfs, paths.upper, paths.work]) {
    files.mkdirpSync(dir, { mode: 0o755 });
  }
  // The upper directory's owner and mode are those of the app's "/".
  files.chmodSync(paths.upper, 0o755);
  for (const volume of plan.volumes) {
    if (volume.kind === "empty") {
      const dir = pod.path(POD_FILES.volumes, volume.name);
      files.mkdirpSync(dir);
      files.chownSync(dir, volume.uid, volume.gid);
      files.chmodSync(dir, volume.mode);
    }
  }
  const resolvConf = resolvConfFile(plan.dns);
  if (resolvConf !== undefined) {
    files.writeFileSync(paths.resolvConf, resolvConf);
  }
  const hosts = hostsFile(plan.hosts);
  if (hosts !== undefined) {
    files.writeFileSync(paths.hosts, hosts);
  }
  files.writeFileAtomicSync(pod.path(POD_FILES.manifest), formatPodManifest(plan.manifest));
}

/** Best effort: what cannot be removed now is garbage, and gc's. */
async function discard(host: RunHost, pod: Pod): Promise<void> {
  try {
    pod.moveTo("garbage");
    await removePod(host, pod);
  } catch (cause) {
    host.warn(
      `Pod "${pod.uuid}" is left for gc: ${cause instanceof Error ? cause.message : cause}`,
    );
  } finally {
    pod.close();
  }
}
