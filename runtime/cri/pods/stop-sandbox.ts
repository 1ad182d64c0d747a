// SPDX-License-Identifier: Apache-2.0
// StopPodSandbox and RemovePodSandbox. Both may be repeated at any time, also after a reboot when nothing is left to stop.
import { type SandboxRecord, writeSandboxRecord } from "../../pod/sandbox-record.ts";
import type { CriContext } from "../context.ts";
import { podDir } from "./paths.ts";
import type { Sandbox } from "./pod-table.ts";
import { removeContainer } from "./remove-container.ts";
import { releaseSandbox, removePodDir } from "./sandbox-parts.ts";
import { stopContainer } from "./stop-container.ts";

/** Kills what still runs (grace was StopContainer's), takes the network and the namespaces away. */
export async function stopSandbox(context: CriContext, sandbox: Sandbox): Promise<void> {
  await context.locks.run(`sandbox:${sandbox.record.id}`, () => stopLocked(context, sandbox));
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
  await Promise.all(
    context.pods.containersOf(record.id).map((each) => stopContainer(context, each, 0)),
  );
  const released: SandboxRecord = { ...record, state: "stopped" };
  if (record.state === "stopped" && record.released) {
    return;
  }
  // Said before it is done: after a crash in between the pod is not taken for one that runs.
  if (record.state !== "stopped") {
    await write(context, sandbox, released);
  }
  await releaseSandbox(context, record);
  await write(context, sandbox, { ...released, released: true });
  context.log.info("Pod is stopped", {
    pod: `${record.namespace}/${record.name}`,
    sandbox: record.id,
  });
}

async function write(context: CriContext, sandbox: Sandbox, record: SandboxRecord): Promise<void> {
  await writeSandboxRecord(context.system, podDir(context.paths, record.uuid), record);
  sandbox.record = record;
}
