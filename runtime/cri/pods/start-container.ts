// SPDX-License-Identifier: Apache-2.0
// StartContainer: conmon and crun make the process, it may run, and the record learns who it is.
import { dirname, join } from "node:path";
import { PodStateError } from "../../errors.ts";
import type { ContainerRecord } from "../../pod/container-record.ts";
import { identify, isSameProcess } from "../../pod/process.ts";
import type { SandboxRecord } from "../../pod/sandbox-record.ts";
import { conmonPidFile, createContainer as createWithMonitor } from "../../stage1/oci/conmon.ts";
import { crunDelete, crunStart } from "../../stage1/oci/crun.ts";
import type { CriContext } from "../context.ts";
import { readCgroups } from "../stats/cgroup-files.ts";
import { Steps } from "../steps.ts";
import { conmonOptions } from "./conmon-options.ts";
import { removeMonitorFiles } from "./container-exit.ts";
import {
  containerLock,
  intendRecord,
  recordFact,
  updateRecord,
} from "./container-record-update.ts";
import { nowNs } from "./names.ts";
import { appDir } from "./paths.ts";
import type { Container } from "./pod-table.ts";
import { isInitAlive } from "./sandbox-init.ts";

/** A failure ends the container: the kubelet makes a new one and never starts the same twice. */
export async function startContainer(context: CriContext, container: Container): Promise<void> {
  await context.locks.run(containerLock(container), async () => {
    const { record } = container;
    context.pods.getContainer(record.id); // it may have been removed while we waited
    const sandbox = context.pods.getSandbox(record.sandboxId);
    if (record.state !== "created") {
      throw new PodStateError(
        `Cannot start container "${record.name}": it is ${record.state}, expected created`,
      );
    }
    if (sandbox.record.state !== "ready") {
      throw new PodStateError(
        `Cannot start container "${record.name}": its pod is ${sandbox.record.state}, expected ready`,
      );
    }
    checkJoined(context, record, sandbox.record);
    const steps = new Steps(context);
    // From here on a process may exist: a server that starts after a crash looks for it.
    await intendRecord(context, container, { state: "starting" });
    steps.done("record");
    try {
      await launch(context, container, sandbox.record, steps);
    } catch (cause) {
      await giveUp(context, container, cause);
      throw cause;
    }
    context.log.info("Container runs", {
      pod: `${sandbox.record.namespace}/${sandbox.record.name}`,
      app: record.name,
      container: record.id,
      pid: container.record.process?.pid,
    });
  });
}

/** Its bundle names processes by pid, which may be somebody else's by now. */
function checkJoined(context: CriContext, record: ContainerRecord, pod: SandboxRecord): void {
  const fail = (who: string) =>
    new PodStateError(`Cannot start container "${record.name}": ${who} has ended`);
  if (!isInitAlive(context, pod)) {
    throw fail("the init process of its pod");
  }
  if (record.target !== undefined && !isSameProcess(context.system, record.target)) {
    throw fail("the container whose pid namespace it joins");
  }
}

async function launch(
  context: CriContext,
  container: Container,
  pod: SandboxRecord,
  steps: Steps,
): Promise<void> {
  const { system, crun, conmon } = context;
  const { record } = container;
  if (record.logPath !== "") {
    await system.files.mkdirp(dirname(record.logPath));
  }
  const options = conmonOptions(context, container);
  await removeMonitorFiles(context, record);
  // For those who look while no server runs.
  await system.files.symlink(join(options.persistDir, "exit"), join(options.bundle, "exit"));
  steps.done("files");
  const { pid } = await createWithMonitor(system, conmon, options);
  steps.done("create");
  // Those who live now lived when it joined them.
  checkJoined(context, record, pod);
  await moveMonitor(context, options.bundle);
  const process = identify(system, pid);
  if (process === undefined) {
    throw new PodStateError(`Cannot start container "${record.name}": process ${pid} is gone`);
  }
  const cgroups = await readCgroups(system, pid);
  steps.done("monitor");
  await crunStart(system, crun, record.id);
  steps.done("start");
  await updateRecord(context, container, {
    state: "running",
    process,
    cgroups,
    startedAtNs: nowNs(system.clock),
  });
  steps.done("record");
  steps.report("StartContainer");
}

async function moveMonitor(context: CriContext, bundle: string): Promise<void> {
  const pid = Number(await context.system.files.findText(conmonPidFile(bundle)));
  if (Number.isInteger(pid) && pid > 0) {
    await context.adoptMonitor(pid);
  }
}

async function giveUp(context: CriContext, container: Container, cause: unknown): Promise<void> {
  const { system, crun, log, paths } = context;
  const { record } = container;
  try {
    await crunDelete(system, crun, record.id);
  } catch (error) {
    log.warn("Cannot clean up a container that failed to start", {
      container: record.id,
      error: String(error),
    });
  }
  const now = nowNs(system.clock);
  await recordFact(context, container, {
    state: "exited",
    startedAtNs: now,
    finishedAtNs: now,
    exitCode: 128,
    reason: "StartError",
    message: cause instanceof Error ? cause.message : String(cause),
    process: undefined,
  });
  const exits = [...container.onExit];
  container.onExit.clear();
  for (const exited of exits) {
    exited();
  }
  await system.files.removeTree(`${appDir(paths, record.podUuid, record.id)}/pidfile`);
}
