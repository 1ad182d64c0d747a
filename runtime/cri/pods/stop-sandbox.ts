// SPDX-License-Identifier: Apache-2.0
// StopPodSandbox and RemovePodSandbox. Both may be repeated at any time, also after a reboot when nothing is left to stop.
import { type SandboxRecord, writeSandboxRecord } from "../../pod/sandbox-record.ts";
import { isDiskFull } from "../../system/files.ts";
import type { CriContext } from "../context.ts";
import { podDir } from "./paths.ts";
import type { Sandbox } from "./pod-table.ts";
import { removeContainer } from "./remove-container.ts";
import { isInitAlive } from "./sandbox-init.ts";
import { releaseSandbox, removePodDir } from "./sandbox-parts.ts";
import { stopContainer } from "./stop-container.ts";

/** Kills what still runs (grace was StopContainer's), takes the network and the namespaces away. */
export async function stopSandbox(context: CriContext, sandbox: Sandbox): Promise<void> {
  await context.locks.run(`sandbox:${sandbox.record.id}`, () => stopLocked(context, sandbox));
}

/** A shared pid namespace has ended with its init process: the pod is over, and the kubelet is to see that it is. */
export async function noticeInitEnd(context: CriContext, sandbox: Sandbox): Promise<void> {
  if (isInitAlive(context, sandbox.record)) {
    return;
  }
  await context.locks.run(`sandbox:${sandbox.record.id}`, async () => {
    if (sandbox.record.state === "ready") {
      context.log.warn("The init process of a pod has ended", { sandbox: sandbox.record.id });
      await write(context, sandbox, { ...sandbox.record, state: "stopped" });
    }
  });
}

/** Also removes the containers; afterwards nobody knows the pod. */
export async function removeSandbox(context: CriContext, sandbox: Sandbox): Promise<void> {
  const { id, uuid } = sandbox.record;
  await context.locks.run(`sandbox:${id}`, async () => {
    if (context.pods.findSandbox(id) === undefined) {
      return;
    }
    await stopLocked(context, sandbox);
    for (const container of context.pods.containersOf(id)) {
      await removeContainer(context, container);
    }
    await removePodDir(context, uuid);
    context.pods.removeSandbox(id);
    context.log.info("Pod is removed", { sandbox: id });
  });
}

async function stopLocked(context: CriContext, sandbox: Sandbox): Promise<void> {
  const { record } = sandbox;
  const stopped: SandboxRecord = { ...record, state: "stopped" };
  // Said before it is done: after a crash in between the pod is not taken for one that runs, and from now on none of its
  // containers is made or started.
  if (record.state !== "stopped") {
    await write(context, sandbox, stopped);
  }
  await Promise.all(
    context.pods.containersOf(record.id).map((each) => stopContainer(context, each, 0)),
  );
  if (record.released) {
    return;
  }
  await releaseSandbox(context, record);
  await write(context, sandbox, { ...stopped, released: true });
  context.log.info("Pod is stopped", {
    pod: `${record.namespace}/${record.name}`,
    sandbox: record.id,
  });
}

/** A full disk does not keep a pod from going, which makes room: a server that starts would find it without its network. */
async function write(context: CriContext, sandbox: Sandbox, record: SandboxRecord): Promise<void> {
  try {
    await writeSandboxRecord(context.system, podDir(context.paths, record.uuid), record);
  } catch (error) {
    if (!isDiskFull(error)) {
      throw error;
    }
    context.log.warn("Cannot write down that a pod is stopped: the disk is full", {
      sandbox: record.id,
    });
  }
  context.pods.replaceSandboxRecord(sandbox, record);
}
