// SPDX-License-Identifier: Apache-2.0
// CreateContainer: everything is decided and checked, the root filesystem is mounted, the bundle and record are written;
// nothing runs. A container that cannot be created leaves nothing behind.
import { join } from "node:path";
import { create, toJson } from "@bufbuild/protobuf";
import { AlreadyExistsError, NotFoundError, PodStateError, UsageError } from "../../errors.ts";
import { type ContainerRecord, writeContainerRecord } from "../../pod/container-record.ts";
import { writeBundle } from "../../stage1/oci/crun.ts";
import { hostDevices } from "../../stage1/oci/host-facts.ts";
import { ociSpec } from "../../stage1/oci/spec.ts";
import { DEFAULT_TERMINAL_SIZE } from "../../stage1/oci/terminal.ts";
import { mountOverlay } from "../../stage1/overlay.ts";
import {
  type ContainerConfig,
  ContainerConfigSchema,
  type ContainerMetadata,
  LinuxContainerResourcesSchema,
} from "../api-schema.ts";
import type { CriContext, LibraryImage } from "../context.ts";
import { planContainer } from "../plan/container-plan.ts";
import { parseSignal, signalNumber } from "../plan/signals.ts";
import { Steps } from "../steps.ts";
import { gatherContainerFacts } from "./container-facts.ts";
import { unmountTree } from "./mounts.ts";
import { newId, nowNs } from "./names.ts";
import { appDir, rootfsDir } from "./paths.ts";
import type { Container, Sandbox } from "./pod-table.ts";
import { makeVolumeDirectories } from "./volume-directories.ts";

export async function createContainer(
  context: CriContext,
  sandboxId: string,
  config: ContainerConfig,
): Promise<Container> {
  const sandbox = context.pods.getSandbox(sandboxId);
  return await context.locks.run(`sandbox:${sandbox.record.id}`, async () => {
    const metadata = checkRequest(context, sandbox, config);
    const image = await findImage(context, config);
    const id = newId();
    const directory = appDir(context.paths, sandbox.record.uuid, id);
    try {
      const container = await makeContainer(context, { sandbox, config, metadata, image, id });
      context.pods.addContainer(container);
      context.log.info("Container is created", {
        pod: `${sandbox.record.namespace}/${sandbox.record.name}`,
        app: metadata.name,
        container: id,
      });
      return container;
    } catch (cause) {
      unmountTree(context.system, directory);
      await context.system.files.removeTree(directory);
      throw cause;
    }
  });
}

function checkRequest(
  context: CriContext,
  sandbox: Sandbox,
  config: ContainerConfig,
): ContainerMetadata {
  const { metadata } = config;
  if (metadata === undefined || metadata.name === "") {
    throw new UsageError("Cannot create container: its metadata has no name");
  }
  if (sandbox.record.state !== "ready") {
    throw new PodStateError(
      `Cannot create container "${metadata.name}": pod ${sandbox.record.id} is ${sandbox.record.state}, expected ready`,
    );
  }
  const twin = context.pods
    .containersOf(sandbox.record.id)
    .find(({ record }) => record.name === metadata.name && record.attempt === metadata.attempt);
  if (twin !== undefined) {
    throw new AlreadyExistsError(
      `Cannot create container "${metadata.name}": attempt ${metadata.attempt} exists (${twin.record.id})`,
    );
  }
  return metadata;
}

async function findImage(context: CriContext, config: ContainerConfig): Promise<LibraryImage> {
  const reference = config.image?.image ?? "";
  const image = reference === "" ? undefined : await context.images.find(reference);
  if (image === undefined) {
    throw new NotFoundError(`Cannot create container: image "${reference}" is not in the store`);
  }
  return image;
}

interface NewContainer {
  readonly sandbox: Sandbox;
  readonly config: ContainerConfig;
  readonly metadata: ContainerMetadata;
  readonly image: LibraryImage;
  readonly id: string;
}

async function makeContainer(context: CriContext, wanted: NewContainer): Promise<Container> {
  const { system, paths } = context;
  const { sandbox, config, image, id } = wanted;
  const steps = new Steps(context);
  const directory = appDir(paths, sandbox.record.uuid, id);
  const [upper, work, target] = [
    join(directory, "upper"),
    join(directory, "work"),
    rootfsDir(directory),
  ];
  for (const each of [directory, upper, work, target]) {
    await system.files.mkdirp(each, { mode: 0o755 });
  }
  mountOverlay(system, { layers: await context.images.rootfs(image.id), upper, work, target });
  makeVolumeDirectories(context, target, image.app.volumes);
  steps.done("rootfs");
  const facts = await gatherContainerFacts(context, { sandbox, config, image, directory });
  const resources = config.linux?.resources ?? create(LinuxContainerResourcesSchema);
  const plan = planContainer({
    id,
    config,
    resources: config.linux?.resources,
    sandbox: sandbox.record,
    image: image.app,
    rootfs: rootfsDir(directory),
    ...facts,
  });
  context.noteHostLimits(plan);
  const host = plan.privileged ? { ...context.host, devices: hostDevices(system) } : context.host;
  const spec = ociSpec(plan, host);
  // Until a client attaches and says its own, a terminal would be 0x0.
  const process = plan.terminal
    ? { ...spec.process, consoleSize: DEFAULT_TERMINAL_SIZE }
    : spec.process;
  steps.done("spec");
  await writeBundle(system, directory, { ...spec, process });
  const record = firstRecord(context, wanted, facts);
  await writeContainerRecord(system, directory, record);
  steps.done("record");
  steps.report("CreateContainer");
  return { record, config, resources, stop: undefined, onExit: new Set() };
}

function firstRecord(
  context: CriContext,
  { sandbox, config, metadata, image, id }: NewContainer,
  facts: Awaited<ReturnType<typeof gatherContainerFacts>>,
): ContainerRecord {
  const resources = config.linux?.resources ?? create(LinuxContainerResourcesSchema);
  return {
    version: 1,
    id,
    sandboxId: sandbox.record.id,
    podUuid: sandbox.record.uuid,
    name: metadata.name,
    attempt: metadata.attempt,
    state: "created",
    createdAtNs: nowNs(context.system.clock),
    startedAtNs: "0",
    finishedAtNs: "0",
    exitCode: 0,
    reason: "",
    message: "",
    process: undefined,
    target: facts.target,
    imageId: image.id,
    imageName:
      config.image?.userSpecifiedImage || image.repoTags[0] || config.image?.image || image.id,
    labels: config.labels,
    annotations: config.annotations,
    logPath: logPath(sandbox.record.logDirectory, config.logPath),
    uid: facts.user.uid,
    gid: facts.user.gid,
    groups: facts.user.supplementaryGids,
    stopSignal: signalNumber(config.stopSignal) ?? parseSignal(image.app.stopSignal ?? ""),
    cgroups: {},
    imageMounts: facts.imageMounts,
    resources: toJson(LinuxContainerResourcesSchema, resources),
    config: toJson(ContainerConfigSchema, config),
  };
}

/** log_path is relative to the pod's log_directory, and stays in it; without either nobody wants the output. */
export function logPath(directory: string, path: string): string {
  if (path === "" || directory === "") {
    return "";
  }
  if (!directory.startsWith("/") || path.split("/").includes("..")) {
    throw new UsageError(
      `Cannot create container: log "${path}" in "${directory}", expected a path inside an absolute directory`,
    );
  }
  return join(directory, path);
}
