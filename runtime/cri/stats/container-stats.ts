// SPDX-License-Identifier: Apache-2.0
// One container's line in the statistics that the kubelet's summary API and eviction are made of.

import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ContainerStatsSchema } from "../api-schema.ts";
import type { CriContext } from "../context.ts";
import { nsOfMs } from "../pods/names.ts";
import { appDir } from "../pods/paths.ts";
import type { Container } from "../pods/pod-table.ts";
import { readUsage } from "./cgroup-files.ts";
import { cpuMessage, memoryMessage, value } from "./usage-message.ts";

/** undefined for a container that does not run: it uses nothing but disk, and the kubelet counts only those that run. */
export async function containerStats(
  context: CriContext,
  container: Container,
): Promise<MessageInitShape<typeof ContainerStatsSchema> | undefined> {
  const { record } = container;
  if (record.state !== "running") {
    return undefined;
  }
  const usage = await readUsage(context.system, record.cgroups);
  if (usage === undefined) {
    return undefined;
  }
  const nowMs = context.system.clock.now();
  const timestamp = BigInt(nsOfMs(nowMs));
  const upper = join(appDir(context.paths, record.podUuid, record.id), "upper");
  const disk = await context.diskUsage.usage(record.id, upper);
  return {
    attributes: {
      id: record.id,
      metadata: { name: record.name, attempt: record.attempt },
      labels: record.labels,
      annotations: record.annotations,
    },
    cpu: cpuMessage(usage, timestamp, context.cpuRates.rate(record.id, usage.cpuNs, timestamp)),
    memory: memoryMessage(usage, timestamp),
    swap: { timestamp, ...value("swapUsageBytes", usage.swapBytes) },
    ...(disk === undefined
      ? {}
      : {
          writableLayer: {
            timestamp: BigInt(nsOfMs(disk.measuredAtMs)),
            fsId: { mountpoint: context.paths.dataDir },
            usedBytes: { value: disk.usedBytes },
            inodesUsed: { value: disk.inodes },
          },
        }),
  };
}
