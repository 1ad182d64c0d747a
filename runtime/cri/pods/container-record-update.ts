// SPDX-License-Identifier: Apache-2.0
// Changes a container's record: on disk first, then in memory. The caller holds the container's lock.
import { type ContainerRecord, writeContainerRecord } from "../../pod/container-record.ts";
import type { CriContext } from "../context.ts";
import { appDir } from "./paths.ts";
import type { Container } from "./pod-table.ts";

export async function updateRecord(
  context: CriContext,
  container: Container,
  changes: Partial<ContainerRecord>,
): Promise<void> {
  const record = { ...container.record, ...changes };
  const directory = appDir(context.paths, record.podUuid, record.id);
  await writeContainerRecord(context.system, directory, record);
  container.record = record;
}

/** The key of a container's operations in the context's locks. */
export function containerLock(container: Container): string {
  return `container:${container.record.id}`;
}
