// SPDX-License-Identifier: Apache-2.0
// Limits: from the CRI's message to the plan's, and what an update leaves of the old ones.
import { create } from "@bufbuild/protobuf";
import { UsageError } from "../../errors.ts";
import type { AppResources } from "../../stage1/app-plan.ts";
import { type LinuxContainerResources, LinuxContainerResourcesSchema } from "../api-schema.ts";

/** The plan's limits. In the message 0 and "" mean "not said"; negative numbers mean "no limit" and are passed on. */
export function appResources(resources: LinuxContainerResources | undefined): AppResources {
  const limits: { -readonly [Field in keyof AppResources]: AppResources[Field] } = {};
  if (resources === undefined) {
    return limits;
  }
  for (const [field, value] of [
    ["cpuShares", resources.cpuShares],
    ["cpuQuotaUs", resources.cpuQuota],
    ["cpuPeriodUs", resources.cpuPeriod],
    ["memoryLimitBytes", resources.memoryLimitInBytes],
    ["memorySwapBytes", resources.memorySwapLimitInBytes],
  ] as const) {
    if (value !== 0n) {
      limits[field] = toNumber(field, value);
    }
  }
  if (resources.cpusetCpus !== "") {
    limits.cpusetCpus = resources.cpusetCpus;
  }
  if (resources.cpusetMems !== "") {
    limits.cpusetMems = resources.cpusetMems;
  }
  if (resources.hugepageLimits.length > 0) {
    limits.hugepageLimits = resources.hugepageLimits.map(({ pageSize, limit }) => ({
      pageSize,
      limitBytes: Number(limit),
    }));
  }
  if (Object.keys(resources.unified).length > 0) {
    limits.unified = resources.unified;
  }
  return limits;
}

/** oom_score_adj of the message; 0 without one, for the server itself may be hard to kill. */
export function oomScoreAdj(resources: LinuxContainerResources | undefined): number {
  return resources === undefined ? 0 : toNumber("oom_score_adj", resources.oomScoreAdj);
}

/** What holds after an update: fields that it does not say stay as they are (api.proto, UpdateContainerResources). */
export function mergeResources(
  old: LinuxContainerResources,
  update: LinuxContainerResources,
): LinuxContainerResources {
  const number = (now: bigint, then: bigint) => (now === 0n ? then : now);
  const text = (now: string, then: string) => (now === "" ? then : now);
  return create(LinuxContainerResourcesSchema, {
    cpuPeriod: number(update.cpuPeriod, old.cpuPeriod),
    cpuQuota: number(update.cpuQuota, old.cpuQuota),
    cpuShares: number(update.cpuShares, old.cpuShares),
    memoryLimitInBytes: number(update.memoryLimitInBytes, old.memoryLimitInBytes),
    memorySwapLimitInBytes: number(update.memorySwapLimitInBytes, old.memorySwapLimitInBytes),
    oomScoreAdj: number(update.oomScoreAdj, old.oomScoreAdj),
    cpusetCpus: text(update.cpusetCpus, old.cpusetCpus),
    cpusetMems: text(update.cpusetMems, old.cpusetMems),
    hugepageLimits: update.hugepageLimits.length === 0 ? old.hugepageLimits : update.hugepageLimits,
    unified: { ...old.unified, ...update.unified },
  });
}

function toNumber(field: string, value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new UsageError(`Cannot use ${field} ${value}: it is too large`);
  }
  return number;
}
