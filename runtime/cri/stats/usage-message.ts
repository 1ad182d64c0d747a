// SPDX-License-Identifier: Apache-2.0
// A cgroup's use of cpu and memory in the words of the CRI, alike for containers and pods.
import type { CgroupUsage } from "./cgroup-files.ts";

/** `rate` in nanocores, once it is known. */
export function cpuMessage(usage: CgroupUsage, timestamp: bigint, rate: bigint | undefined) {
  return {
    timestamp,
    ...value("usageCoreNanoSeconds", usage.cpuNs),
    ...value("usageNanoCores", rate),
  };
}

export function memoryMessage(usage: CgroupUsage, timestamp: bigint) {
  const { memoryLimitBytes, workingSetBytes } = usage;
  const available =
    memoryLimitBytes === undefined || workingSetBytes === undefined
      ? undefined
      : memoryLimitBytes > workingSetBytes
        ? memoryLimitBytes - workingSetBytes
        : 0n;
  return {
    timestamp,
    ...value("workingSetBytes", workingSetBytes),
    ...value("availableBytes", available),
    ...value("usageBytes", usage.memoryUsageBytes),
    ...value("rssBytes", usage.rssBytes),
    ...value("pageFaults", usage.pageFaults),
    ...value("majorPageFaults", usage.majorPageFaults),
  };
}

/** Fields of type UInt64Value: not there when the host does not count it. */
export function value<Field extends string>(
  field: Field,
  number: bigint | undefined,
): { readonly [F in Field]?: { readonly value: bigint } } {
  const fields: { [F in string]?: { readonly value: bigint } } = {};
  if (number !== undefined) {
    fields[field] = { value: number };
  }
  return fields as { readonly [F in Field]?: { readonly value: bigint } };
}
