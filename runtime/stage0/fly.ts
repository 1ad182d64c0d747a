// SPDX-License-Identifier: Apache-2.0
// Stage0 of the fly flavour: from the plan to stage1/fly. Everything here is synchronous: see system/kernel.ts.
import { POD_FILES, type Pod } from "../pod/pod.ts";
import { DEFAULT_PATH } from "../stage1/app-plan.ts";
import {
  type FlyMount,
  type FlyUser,
  type FlyVolume,
  flyEnvironment,
  planFlyMounts,
} from "../stage1/fly/plan.ts";
import { becomeApp, findAppProgram, placeMounts } from "../stage1/fly/run.ts";
import { enterMountNamespace } from "../stage1/mount-namespace.ts";
import { mountOverlay } from "../stage1/overlay.ts";
import { RootDirectory } from "../stage1/root-directory.ts";
import { type ResolvedUser, readUserDatabase, resolveUser } from "../stage1/users.ts";
import type { System } from "../system/system.ts";
import { appPaths } from "./paths.ts";
import type { PodPlan } from "./pod-plan.ts";
import { recordStart } from "./record-start.ts";

/** Never returns. */
export function startFly(system: System, pod: Pod, plan: PodPlan): never {
  const { app } = plan;
  const paths = appPaths(pod, app.name);
  const mounts = flyMounts(pod, plan);
  const umask = system.kernel.umask(0);
  const trees = enterMountNamespace(
    system,
    mounts.flatMap((mount) => (mount.kind === "bind" ? [mount] : [])),
  );
  mountOverlay(system, {
    layers: app.layers,
    upper: paths.upper,
    work: paths.work,
    target: paths.rootfs,
  });
  const root = new RootDirectory(system, paths.rootfs);
  placeMounts(system, root, mounts, trees);
  root.makeDirectory(app.workingDirectory);
  const user = flyUser(
    resolveUser(
      { user: app.user, group: app.group, gids: app.supplementaryGids },
      readUserDatabase(root),
      app.name,
    ),
  );
  const flyApp = {
    name: app.name,
    rootfs: paths.rootfs,
    args: app.args,
    environment: flyEnvironment(app.environment, user, DEFAULT_PATH),
    workingDirectory: app.workingDirectory,
    user,
    readOnlyRootfs: app.readOnlyRootfs,
  };
  const program = findAppProgram(root, flyApp);
  root.close();
  recordStart(system, pod);
  system.kernel.umask(umask);
  return becomeApp(system, flyApp, program, pod.lockFd);
}

function flyMounts(pod: Pod, plan: PodPlan): readonly FlyMount[] {
  const paths = appPaths(pod, plan.app.name);
  const volumes = plan.app.mounts.map((mount): FlyVolume => {
    const volume = plan.volumes.find(({ name }) => name === mount.volume);
    const source =
      volume?.kind === "host" ? volume.source : pod.path(POD_FILES.volumes, mount.volume);
    return {
      name: mount.volume,
      source,
      target: mount.target,
      recursive: volume?.kind !== "host" || volume.recursive,
      readOnly: mount.readOnly,
      propagation: volume?.kind === "host" ? volume.propagation : "slave",
    };
  });
  return planFlyMounts({
    volumes,
    resolvConf: fileFor(plan.dns.kind, "servers", "/etc/resolv.conf", paths.resolvConf),
    hosts: fileFor(plan.hosts.kind, "entries", "/etc/hosts", paths.hosts),
  });
}

/** The host's file, the one that was written for this pod, or the image's own. */
function fileFor(kind: string, written: string, ofHost: string, ofPod: string): string | undefined {
  if (kind === "host") {
    return ofHost;
  }
  return kind === written ? ofPod : undefined;
}

/** Where the image's passwd says nothing, rkt's fly has always said root. */
function flyUser({ uid, gid, gids, entry }: ResolvedUser): FlyUser {
  return {
    uid,
    gid,
    gids,
    name: entry?.name ?? "root",
    home: entry?.home || "/root",
    shell: entry?.shell || "/bin/sh",
  };
}
