// SPDX-License-Identifier: Apache-2.0
// One container's line in the statistics that the kubelet's summary API and eviction are made of.

import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ContainerStatsSchema } from "../api-schema.ts";
import type { CriContext } from "../context.ts";
import { nsOfMs } from "../pods/names.ts";
import { appDir } from "../pods/paths.ts";
import type { Container } from "../pods/pod-table.ts";
import { type CgroupUsage, readUsage } from "./cgroup-files.ts";

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
    cpu: {
      timestamp,
      ...value("usageCoreNanoSeconds", usage.cpuNs),
      ...value("usageNanoCores", context.cpuRates.rate(record.id, usage.cpuNs, timestamp)),
    },
    memory: { timestamp, ...memory(usage) },
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

function memory(usage: CgroupUsage) {
  const { memoryLimitBytes, workingSetBytes } = usage;
  const available =
    memoryLimitBytes === undefined || workingSetBytes === undefined
      ? undefined
      : memoryLimitBytes > workingSetBytes
        ? memoryLimitBytes - workingSetBytes
        : 0n;
  return {
    ...value("workingSetBytes", workingSetBytes),
    ...value("availableBytes", available),
    ...value("usageBytes", usage.memoryUsageBytes),
    ...value("rssBytes", usage.rssBytes),
    ...value("pageFaults", usage.pageFaults),
    ...value("majorPageFaults", usage.majorPageFaults),
  };
}

/** Fields of type UInt64Value: not there when the host does not count it. */
function value<Field extends string>(
  field: Field,
  number: bigint | undefined,
): { readonly [F in Field]?: { readonly value: bigint } } {
  const fields: { [F in string]?: { readonly value: bigint } } = {};
  if (number !== undefined) {
    fields[field] = { value: number };
  }
  return fields as { readonly [F in Field]?: { readonly value: bigint } };
}
