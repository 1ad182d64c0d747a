// SPDX-License-Identifier: Apache-2.0
// What a server that starts finds on disk: pods and containers of its predecessor, some of which may have changed since, and
// some that were in the making when it was killed.
import { join } from "node:path";
import { isPinned } from "../../net/pinned-namespaces.ts";
import type { ContainerRecord } from "../../pod/container-record.ts";
import { identify, isSameProcess } from "../../pod/process.ts";
import type { SandboxRecord } from "../../pod/sandbox-record.ts";
import { crunDelete, crunState } from "../../stage1/oci/crun.ts";
import { killMonitors } from "../../stage1/oci/monitors.ts";
import { PodSandboxConfigSchema } from "../api-schema.ts";
import type { CriContext } from "../context.ts";
import { readCgroups } from "../stats/cgroup-files.ts";
import { noticeExit } from "./container-exit.ts";
import { recordFact } from "./container-record-update.ts";
import { unmountTree } from "./mounts.ts";
import { nowNs } from "./names.ts";
import { appDir, embryoDir, garbageDir, runningPodsDir } from "./paths.ts";
import { type Container, sandboxKey } from "./pod-table.ts";
import { releaseSandbox, removePodDir } from "./sandbox-parts.ts";
import { findStoredContainer, findStoredSandbox, fromStored, type Stored } from "./stored-pods.ts";
import { killStrayPrograms } from "./stray-programs.ts";

/** Fills the table from disk. Returns when the table is complete; half-made pods are taken away in the background. */
export async function recover(context: CriContext): Promise<void> {
  const { files } = context.system;
  const uuids = await files.listNames(runningPodsDir(context.paths));
  const found = await Promise.all(uuids.map((uuid) => recoverPod(context, uuid)));
  const unfinished = found.filter((record) => record !== undefined);
  for (const record of unfinished) {
    undoInBackground(context, record);
  }
  await sweepLeftovers(context);
}

/**
 * Pods that a killed server was putting together or taking apart, with a record or not yet. The directories are the server's
 * own, and there is one server: whatever is there is left over. Nobody waits for it, so it goes in the background.
 */
async function sweepLeftovers(context: CriContext): Promise<void> {
  const { system, paths, log } = context;
  for (const directory of [embryoDir(paths, ""), garbageDir(paths, "")]) {
    for (const uuid of await system.files.listNames(directory)) {
      const path = join(directory, uuid);
      unmountTree(system, path);
      system.files.removeTree(path).catch((error: unknown) => {
        log.error("Cannot remove what is left of a pod", { uuid, error: String(error) });
      });
    }
  }
}

/** Answers the record of a pod that was never finished. */
async function recoverPod(context: CriContext, uuid: string): Promise<SandboxRecord | undefined> {
  const stored = await findStoredSandbox(context, uuid);
  if (stored === undefined) {
    return undefined; // a pod that was started by hand
  }
  const { record, config } = stored.value;
  if (record.state === "creating") {
    return record;
  }
  const ids = await context.system.files.listNames(appDir(context.paths, uuid, ""));
  const found = await Promise.all(ids.map((id) => recoverContainer(context, record, id)));
  const containers = found.filter((each) => each !== undefined);
  const isReady = stillReady(context, record) && !containers.some(isRunningUnread);
  context.pods.addSandbox({ record: isReady ? record : { ...record, state: "stopped" }, config });
  for (const { value } of containers) {
    context.pods.addContainer(value);
  }
  return undefined;
}

/** The kubelet might not know it for what it is, and start another one: it ends with its pod. */
function isRunningUnread({ value, isDamaged }: Stored<Container>): boolean {
  return isDamaged && value.record.state === "running";
}

/**
 * A pod is ready when it was made in this boot, nobody stopped it, its network namespace is still there, and so is the
 * process of its shared pid namespace.
 */
function stillReady(context: CriContext, record: SandboxRecord): boolean {
  return (
    record.state === "ready" &&
    record.bootId === context.bootId &&
    (record.netnsPath === "" || isPinned(context.system, record.netnsPath)) &&
    (record.init === undefined || isSameProcess(context.system, record.init))
  );
}

/** What fails here keeps neither the pod nor its other containers from being known. */
async function recoverContainer(
  context: CriContext,
  sandbox: SandboxRecord,
  id: string,
): Promise<Stored<Container> | undefined> {
  const fail = (error: unknown) =>
    context.log.error("Cannot find out how a container is", {
      container: id,
      error: String(error),
    });
  try {
    const stored = await findStoredContainer(context, sandbox, id);
    if (stored === undefined) {
      // CreateContainer or RemoveContainer was cut off. Its root may be mounted: image and pod could not be removed.
      const directory = appDir(context.paths, sandbox.uuid, id);
      unmountTree(context.system, directory);
      await context.system.files.removeTree(directory);
      return undefined;
    }
    await bringUpToDate(context, sandbox, stored.value).catch(fail);
    return stored;
  } catch (error) {
    fail(error);
    return undefined;
  }
}

async function bringUpToDate(
  context: CriContext,
  sandbox: SandboxRecord,
  container: Container,
): Promise<void> {
  // The pod's record may be a damaged one, with another id.
  container.record = { ...container.record, sandboxId: sandbox.id };
  switch (container.record.state) {
    case "running":
      await recoverRunning(context, container);
      break;
    case "starting":
      await recoverStarting(context, sandbox, container);
      break;
    case "created":
      // It has no process to tell the boot by, but its root filesystem's mount is as old as the pod.
      if (sandbox.bootId !== context.bootId) {
        await end(context, container, "The node was restarted before it was started");
      }
      break;
    case "exited":
      break;
  }
}

async function recoverRunning(context: CriContext, container: Container): Promise<void> {
  const { process } = container.record;
  if (process === undefined || !isSameProcess(context.system, process)) {
    await noticeExit(context, container);
  }
}

/** The old server was killed inside StartContainer: if the process runs it is taken over, otherwise away with it. */
async function recoverStarting(
  context: CriContext,
  sandbox: SandboxRecord,
  container: Container,
): Promise<void> {
  const { system, crun, bootId } = context;
  const { record } = container;
  if (sandbox.bootId !== bootId) {
    await end(context, container, "The node was restarted while it was being started");
    return;
  }
  const state = await crunState(system, crun, record.id);
  const process = state?.status === "running" ? identify(system, state.pid) : undefined;
  if (process !== undefined) {
    await recordFact(context, container, {
      state: "running",
      process,
      cgroups: await readCgroups(system, process.pid),
      startedAtNs: nowNs(system.clock),
    });
    return;
  }
  await killMonitors(system, record.id);
  await crunDelete(system, crun, record.id);
  await end(context, container, "The CRI server ended while it was being started");
}

async function end(context: CriContext, container: Container, message: string): Promise<void> {
  const now = nowNs(context.system.clock);
  const changes: Partial<ContainerRecord> = {
    state: "exited",
    finishedAtNs: now,
    startedAtNs: container.record.startedAtNs === "0" ? now : container.record.startedAtNs,
    exitCode: 255,
    reason: "Unknown",
    message,
    process: undefined,
  };
  await recordFact(context, container, changes);
}

/** Holds the pod's name meanwhile, so that a RunPodSandbox that is tried again waits and then makes a new one. */
function undoInBackground(context: CriContext, record: SandboxRecord): void {
  const key = sandboxKey({ ...record, uid: record.podUid });
  context.locks
    .run(`name:${key}`, async () => {
      await killStrayPrograms(context.system, record);
      await releaseSandbox(context, record);
      await removePodDir(context, record.uuid);
      context.log.info("Took away a pod that was never finished", { sandbox: record.id });
    })
    .catch((error: unknown) => {
      context.log.error("Cannot take away a pod that was never finished", {
        sandbox: record.id,
        error: String(error),
      });
      context.pods.addSandbox({
        record: { ...record, state: "stopped" },
        config: fromStored(PodSandboxConfigSchema, record.config),
      });
    });
}
