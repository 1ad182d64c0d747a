// SPDX-License-Identifier: Apache-2.0
// A container of the kubelet as an app's plan: everything that CreateContainer and the image say, decided. Pure.
import { UnsupportedError } from "../../errors.ts";
import type { ImageApp } from "../../image/image-app.ts";
import type { ProcessIdentity, SandboxRecord } from "../../pod/sandbox-record.ts";
import {
  type AppDevice,
  type AppPlan,
  appPlan,
  type NamespaceChoice,
  type NamespaceChoices,
} from "../../stage1/app-plan.ts";
import type { SeccompProfile } from "../../stage1/oci/seccomp.ts";

import {
  type ContainerConfig,
  type LinuxContainerResources,
  NamespaceMode,
} from "../api-schema.ts";
import { commandLine, environment } from "./command.ts";
import { appMounts, type PodFiles } from "./mounts.ts";
import { appResources, oomScoreAdj } from "./resources.ts";
import { securityFields } from "./security.ts";
import { stopGraceSeconds } from "./stop-grace.ts";
import type { ResolvedUser } from "./users.ts";

export interface ContainerPlanInput {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly resources: LinuxContainerResources | undefined;
  readonly sandbox: SandboxRecord;
  readonly image: ImageApp;
  readonly rootfs: string;
  readonly user: ResolvedUser;
  readonly podFiles: PodFiles;
  /** Real host path of each mount. */
  readonly mountSources: readonly string[];
  readonly devices: readonly AppDevice[];
  readonly seccompProfile: SeccompProfile | undefined;
  /** The process of the container that namespace mode TARGET names. */
  readonly target: ProcessIdentity | undefined;
}

export function planContainer(input: ContainerPlanInput): AppPlan {
  const { config, sandbox, image, user } = input;
  const context = config.linux?.securityContext;
  const security = securityFields(context, user.uid, input.seccompProfile);
  return appPlan({
    podUuid: sandbox.uuid,
    appName: config.metadata?.name ?? "",
    containerId: input.id,
    rootfs: input.rootfs,
    args: commandLine(config, image),
    environment: environment(config.envs, image.environment),
    workingDirectory: config.workingDir || image.workingDirectory || "/",
    hostname: sandbox.hostname,
    uid: user.uid,
    gid: user.gid,
    supplementaryGids: user.supplementaryGids,
    terminal: config.tty,
    mounts: appMounts(config.mounts, input.mountSources, input.podFiles, security),
    namespaces: namespaces(input, security.privileged),
    ...security,
    resources: appResources(input.resources),
    cgroupParent: sandbox.cgroupParent,
    devices: input.devices,
    oomScoreAdj: oomScoreAdj(input.resources),
    stopGraceSeconds: stopGraceSeconds(config.annotations),
    // Not the client's: crun acts on some (`run.oci.*`, `org.systemd.property.*`). They are kept in the container's record.
    annotations: {
      "io.kubernetes.cri.container-type": "container",
      "io.kubernetes.cri.sandbox-id": sandbox.id,
    },
  });
}

function namespaces(input: ContainerPlanInput, privileged: boolean): NamespaceChoices {
  const { sandbox, config } = input;
  const pinned = (path: string): NamespaceChoice => (path === "" ? "host" : { path });
  return {
    network: pinned(sandbox.netnsPath),
    ipc: pinned(sandbox.ipcnsPath),
    uts: pinned(sandbox.utsnsPath),
    pid: pidNamespace(
      config.linux?.securityContext?.namespaceOptions?.pid ?? NamespaceMode.POD,
      input,
    ),
    cgroup: privileged ? "host" : "new",
  };
}

function pidNamespace(mode: NamespaceMode, input: ContainerPlanInput): NamespaceChoice {
  switch (mode) {
    case NamespaceMode.POD:
      return input.sandbox.init === undefined
        ? "new"
        : { path: `/proc/${input.sandbox.init.pid}/ns/pid` };
    case NamespaceMode.CONTAINER:
      return "new";
    case NamespaceMode.NODE:
      return "host";
    case NamespaceMode.TARGET:
      return { path: `/proc/${input.target?.pid ?? "self"}/ns/pid` };
    default:
      throw new UnsupportedError(`Cannot use pid namespace mode ${String(mode)}`);
  }
}
