// SPDX-License-Identifier: Apache-2.0
// The end of a container: conmon's exit file becomes part of the record, and whoever waits is told.
import { join } from "node:path";
import type { ContainerRecord } from "../../pod/container-record.ts";
import { isSameProcess } from "../../pod/process.ts";
import { type ExitRecord, findExitRecord } from "../../stage1/oci/conmon.ts";
import { crunDelete } from "../../stage1/oci/crun.ts";
import type { CriContext } from "../context.ts";
import { containerLock, recordFact } from "./container-record-update.ts";
import { nowNs, nsOfMs } from "./names.ts";
import { appDir, attachDir, endDir, exitsDir } from "./paths.ts";
import type { Container } from "./pod-table.ts";

/** How long conmon may take to write the exit file after the process is gone. */
const LATE_EXIT_FILE_MS = 5000;
/** What is said of a container whose end nobody saw: its monitor was killed, or the machine was. */
const UNSEEN_EXIT_CODE = 255;

/** Resolves when the container has ended; at once when it has already, or never ran. */
export function exitOf(container: Container): Promise<void> {
  const { state } = container.record;
  if (state !== "running" && state !== "starting") {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    container.onExit.add(resolve);
  });
}

/** Looks whether a running container has ended, and records it if so. Idempotent. */
export async function noticeExit(context: CriContext, container: Container): Promise<void> {
  await context.locks.run(containerLock(container), () => noticeExitLocked(context, container));
}

/** As noticeExit, for a caller that holds the container's lock. */
export async function noticeExitLocked(context: CriContext, container: Container): Promise<void> {
  const { record } = container;
  if (record.state !== "running" || record.process === undefined) {
    return;
  }
  let exit = await findExit(context, record);
  if (exit === undefined) {
    if (isSameProcess(context.system, record.process)) {
      return;
    }
    exit = await lateExit(context, record);
  }
  await finish(context, container, exit);
}

async function lateExit(
  context: CriContext,
  record: ContainerRecord,
): Promise<ExitRecord | undefined> {
  const { system, bootId } = context;
  if (record.process?.bootId !== bootId) {
    return undefined;
  }
  const deadline = system.clock.monotonic() + LATE_EXIT_FILE_MS;
  while (system.clock.monotonic() < deadline) {
    const exit = await findExit(context, record);
    if (exit !== undefined) {
      return exit;
    }
    await system.clock.sleep(50);
  }
  return undefined;
}

/** Monitors of earlier versions write into the container's directory. */
async function findExit(
  { system, paths }: CriContext,
  record: ContainerRecord,
): Promise<ExitRecord | undefined> {
  return (
    (await findExitRecord(system, endDir(paths, record.id))) ??
    (await findExitRecord(system, appDir(paths, record.podUuid, record.id)))
  );
}

async function finish(
  context: CriContext,
  container: Container,
  exit: ExitRecord | undefined,
): Promise<void> {
  const { system, crun, log } = context;
  const exitCode = exit?.exitCode ?? UNSEEN_EXIT_CODE;
  await recordFact(context, container, {
    state: "exited",
    finishedAtNs: exit === undefined ? nowNs(system.clock) : nsOfMs(exit.finishedAtMs),
    exitCode,
    reason: exitReason(exit),
    message: exit === undefined ? "Nobody saw how it ended: its monitor was gone" : "",
  });
  const waiting = [...container.onExit];
  container.onExit.clear();
  for (const tell of waiting) {
    tell();
  }
  const { record } = container;
  log.info("Container has ended", {
    app: record.name,
    container: record.id,
    exitCode,
    reason: record.reason,
  });
  try {
    await crunDelete(system, crun, record.id);
    // Whoever could not write down the end may have to read it again.
    if (container.isUnwritten !== true) {
      await removeMonitorFiles(context, record);
    }
  } catch (error) {
    log.warn("Cannot clean up after a container", { container: record.id, error: String(error) });
  }
}

/**
 * The kubelet looks for exactly "OOMKilled", which is said whichever process of the container was killed and whatever its first
 * one made of that, as other CRI servers do. The others are what the kubelet shows for these codes itself.
 */
function exitReason(exit: ExitRecord | undefined): string {
  if (exit === undefined) {
    return "Unknown";
  }
  if (exit.oomKilled) {
    return "OOMKilled";
  }
  return exit.exitCode === 0 ? "Completed" : "Error";
}

/** conmon's files outside the container's directory, and its fifos inside: it makes them anew and must not find old ones. */
export async function removeMonitorFiles(
  context: CriContext,
  record: Pick<ContainerRecord, "id" | "podUuid">,
): Promise<void> {
  const { paths, system } = context;
  const directory = appDir(paths, record.podUuid, record.id);
  for (const path of [
    endDir(paths, record.id),
    join(exitsDir(paths), record.id),
    join(attachDir(paths), record.id),
    join(directory, "ctl"),
    join(directory, "winsz"),
  ]) {
    await system.files.removeTree(path);
  }
}
