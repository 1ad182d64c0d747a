// SPDX-License-Identifier: Apache-2.0
// Changes a container's record: on disk first, then in memory. The caller holds the container's lock.
import {
  type ContainerRecord,
  intendContainerRecord,
  writeContainerRecord,
} from "../../pod/container-record.ts";
import { isDiskFull } from "../../system/files.ts";
import type { CriContext } from "../context.ts";
import { appDir } from "./paths.ts";
import type { Container } from "./pod-table.ts";

export async function updateRecord(
  context: CriContext,
  container: Container,
  changes: Partial<ContainerRecord>,
): Promise<void> {
  await replaceRecord(context, container, changes, writeContainerRecord);
}

/** As updateRecord, for what is about to be done: whoever finds it after a power cut would do the same without it. */
export async function intendRecord(
  context: CriContext,
  container: Container,
  changes: Partial<ContainerRecord>,
): Promise<void> {
  await replaceRecord(context, container, changes, intendContainerRecord);
}

async function replaceRecord(
  context: CriContext,
  container: Container,
  changes: Partial<ContainerRecord>,
  write: typeof writeContainerRecord,
): Promise<void> {
  const record = { ...container.record, ...changes };
  await write(context.system, appDir(context.paths, record.podUuid, record.id), record);
  context.pods.replaceContainerRecord(container, record);
}

/**
 * As updateRecord, for what has happened and cannot be refused: a full disk does not hide it. Then the record is written
 * later, and a server that starts before finds out anew.
 */
export async function recordFact(
  context: CriContext,
  container: Container,
  changes: Partial<ContainerRecord>,
): Promise<void> {
  try {
    await updateRecord(context, container, changes);
    container.isUnwritten = false;
  } catch (error) {
    if (!isDiskFull(error)) {
      throw error;
    }
    context.pods.replaceContainerRecord(container, { ...container.record, ...changes });
    container.isUnwritten = true;
    context.log.warn("Cannot write down what a container does: the disk is full", {
      container: container.record.id,
      state: container.record.state,
    });
  }
}

/** The key of a container's operations in the context's locks. */
export function containerLock(container: Container): string {
  return `container:${container.record.id}`;
}
