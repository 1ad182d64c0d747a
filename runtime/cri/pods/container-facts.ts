// SPDX-License-Identifier: Apache-2.0
// What a container's plan needs to know of this host and of the image: users, mount sources, devices, profiles, image volumes.
import { join } from "node:path";
import { NotFoundError, PodStateError, UsageError } from "../../errors.ts";
import { isSameProcess } from "../../pod/process.ts";
import type { ProcessIdentity } from "../../pod/sandbox-record.ts";
import type { AppDevice } from "../../stage1/app-plan.ts";
import { deviceOf } from "../../stage1/oci/host-facts.ts";
import { parseSeccompProfile, type SeccompProfile } from "../../stage1/oci/seccomp.ts";
import { RootDirectory } from "../../stage1/root-directory.ts";
import { readUserDatabase, type UserDatabase } from "../../stage1/users.ts";
import type { System } from "../../system/system.ts";
import {
  type ContainerConfig,
  type Device,
  NamespaceMode,
  SupplementalGroupsPolicy,
} from "../api-schema.ts";
import type { CriContext, LibraryImage } from "../context.ts";
import { checkMount, checkPropagation, type PodFiles } from "../plan/mounts.ts";
import { seccompFile } from "../plan/security.ts";
import { type ResolvedUser, resolveUser } from "../plan/users.ts";
import { mountImageVolume } from "./image-volume.ts";
import { podDir, rootfsDir } from "./paths.ts";
import type { Sandbox } from "./pod-table.ts";

export interface ContainerFacts {
  readonly user: ResolvedUser;
  readonly podFiles: PodFiles;
  readonly mountSources: readonly string[];
  /** Mount points of image volumes, to be unmounted with the container. */
  readonly imageMounts: readonly string[];
  readonly devices: readonly AppDevice[];
  readonly seccompProfile: SeccompProfile | undefined;
  readonly target: ProcessIdentity | undefined;
}

export async function gatherContainerFacts(
  context: CriContext,
  wanted: {
    readonly sandbox: Sandbox;
    readonly config: ContainerConfig;
    readonly image: LibraryImage;
    readonly directory: string;
  },
): Promise<ContainerFacts> {
  const { sandbox, config, image, directory } = wanted;
  const { system } = context;
  const security = config.linux?.securityContext;
  const mounts = await resolveMounts(context, config, directory);
  const profilePath = seccompFile(security);
  return {
    user: resolveUser(
      {
        ...(security?.runAsUser === undefined ? {} : { runAsUser: security.runAsUser.value }),
        ...(security?.runAsGroup === undefined ? {} : { runAsGroup: security.runAsGroup.value }),
        runAsUsername: security?.runAsUsername ?? "",
        supplementalGroups: [
          ...(security?.supplementalGroups ?? []),
          ...image.app.supplementaryGroups.map(BigInt),
        ],
        mergeGroups: security?.supplementalGroupsPolicy !== SupplementalGroupsPolicy.Strict,
        imageUser: image.app.user,
        imageGroup: image.app.group,
      },
      usersOf(system, rootfsDir(directory)),
    ),
    podFiles: podFiles(context, sandbox),
    mountSources: mounts.sources,
    imageMounts: mounts.imageMounts,
    devices: config.devices.flatMap((device) => devicesAt(system, device)),
    seccompProfile: profilePath === undefined ? undefined : await readProfile(system, profilePath),
    target: targetOf(context, sandbox, config),
  };
}

/** The image's users: from its files, never from the host's. */
function usersOf(system: System, rootfs: string): UserDatabase {
  using root = new RootDirectory(system, rootfs);
  return readUserDatabase(root);
}

function podFiles(context: CriContext, sandbox: Sandbox): PodFiles {
  const directory = podDir(context.paths, sandbox.record.uuid);
  const { shmPath } = sandbox.record;
  return {
    resolvConf: join(directory, "resolv.conf"),
    hostname: join(directory, "hostname"),
    hosts: join(directory, "hosts"),
    shm: shmPath === "" ? "/dev/shm" : shmPath,
  };
}

async function resolveMounts(
  context: CriContext,
  config: ContainerConfig,
  directory: string,
): Promise<{ readonly sources: readonly string[]; readonly imageMounts: readonly string[] }> {
  const { files } = context.system;
  const mountinfo = await files.readText("/proc/self/mountinfo");
  const sources: string[] = [];
  const imageMounts: string[] = [];
  for (const [index, mount] of config.mounts.entries()) {
    checkMount(mount);
    if (mount.image !== undefined) {
      const target = join(directory, "image-volumes", String(index));
      sources.push(await mountImageVolume(context, mount, target));
      imageMounts.push(target);
      continue;
    }
    let source: string;
    try {
      source = await files.realpath(mount.hostPath);
    } catch (cause) {
      throw new NotFoundError(
        `Cannot mount "${mount.hostPath}" at "${mount.containerPath}": the host has no such path`,
        { cause },
      );
    }
    checkPropagation(mount, source, mountinfo);
    sources.push(source);
  }
  return { sources, imageMounts };
}

/** One device node, or all below a directory. */
function devicesAt(system: System, device: Device): readonly AppDevice[] {
  const { files } = system;
  const access = device.permissions === "" ? "rwm" : device.permissions;
  if (!/^[rwm]+$/.test(access)) {
    throw new UsageError(
      `Cannot give device "${device.hostPath}": permissions "${access}", expected letters of rwm`,
    );
  }
  const stat = files.statSync(device.hostPath);
  if (stat.isDirectory()) {
    return files.readDirSync(device.hostPath).flatMap(({ name }) =>
      devicesAt(system, {
        ...device,
        hostPath: join(device.hostPath, name),
        containerPath: join(device.containerPath, name),
      }),
    );
  }
  if (!stat.isBlockDevice() && !stat.isCharacterDevice()) {
    throw new UsageError(`Cannot give device "${device.hostPath}": it is not a device`);
  }
  return [deviceOf(device.containerPath, stat, access)];
}

async function readProfile(system: System, path: string): Promise<SeccompProfile> {
  const text = await system.files.findText(path);
  if (text === undefined) {
    throw new NotFoundError(`Cannot use seccomp profile "${path}": there is no such file`);
  }
  return parseSeccompProfile(text, path);
}

/** An ephemeral container joins the pid namespace of the one that it is to look at. */
function targetOf(
  context: CriContext,
  sandbox: Sandbox,
  config: ContainerConfig,
): ProcessIdentity | undefined {
  const options = config.linux?.securityContext?.namespaceOptions;
  if (options?.pid !== NamespaceMode.TARGET) {
    return undefined;
  }
  const { record } = context.pods.getContainer(options.targetId);
  const fail = (reason: string) =>
    new PodStateError(`Cannot join the pid namespace of container "${record.name}": ${reason}`);
  if (record.sandboxId !== sandbox.record.id) {
    throw fail("it is in another pod");
  }
  if (record.state !== "running" || record.process === undefined) {
    throw fail(`it is ${record.state}, expected running`);
  }
  if (!isSameProcess(context.system, record.process)) {
    throw fail("it has just ended");
  }
  return record.process;
}
