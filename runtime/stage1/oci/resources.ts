// SPDX-License-Identifier: Apache-2.0
// Limits and devices of config.json, without those that this host has no controller for.
import type { AppDevice, AppPlan, AppResources } from "../app-plan.ts";
import type { HostFacts } from "./host-facts.ts";
import type { OciDevice, OciDeviceRule, OciResources } from "./spec-types.ts";

/** `linux.resources`; also what `crun update --resources` takes, less the devices. */
export function ociResources(plan: AppPlan, host: HostFacts): OciResources {
  return { devices: deviceRules(plan), ...ociLimits(plan.resources, host) };
}

/** Limits alone, for an update of a running app. */
export function ociLimits(resources: AppResources, host: HostFacts): OciResources {
  const has = (controller: string) => host.cgroupControllers.includes(controller);
  const memory = {
    ...defined("limit", resources.memoryLimitBytes),
    ...(host.swapAccounting ? defined("swap", resources.memorySwapBytes) : {}),
    ...defined("reservation", resources.memoryReservationBytes),
  };
  const cpu = {
    ...defined("shares", resources.cpuShares),
    ...defined("quota", resources.cpuQuotaUs),
    ...defined("period", resources.cpuPeriodUs),
    ...(has("cpuset") ? defined("cpus", resources.cpusetCpus) : {}),
    ...(has("cpuset") ? defined("mems", resources.cpusetMems) : {}),
  };
  // The kubelet sends a zero limit for every page size; a host without the controller has nothing to limit.
  const hugepageLimits = has("hugetlb") ? (resources.hugepageLimits ?? []) : [];
  const unified = host.cgroupLayout === "v2" ? (resources.unified ?? {}) : {};
  return {
    ...(has("memory") && Object.keys(memory).length > 0 ? { memory } : {}),
    ...(has("cpu") && Object.keys(cpu).length > 0 ? { cpu } : {}),
    ...(has("pids") && resources.pidsLimit !== undefined
      ? { pids: { limit: resources.pidsLimit } }
      : {}),
    ...(hugepageLimits.length === 0
      ? {}
      : {
          hugepageLimits: hugepageLimits.map(({ pageSize, limitBytes }) => ({
            pageSize,
            limit: limitBytes,
          })),
        }),
    ...(Object.keys(unified).length === 0 ? {} : { unified }),
  };
}

/** Device nodes to make in /dev; crun adds null, zero, full, random, urandom, tty and ptmx itself. */
export function ociDevices(plan: AppPlan, host: HostFacts): readonly OciDevice[] {
  const wanted = [...plan.devices, ...(plan.privileged ? host.devices : [])];
  const byPath = new Map<string, AppDevice>();
  for (const device of wanted) {
    if (!byPath.has(device.path)) {
      byPath.set(device.path, device);
    }
  }
  return [...byPath.values()].map(({ mode, access: _access, ...device }) => ({
    ...device,
    fileMode: mode,
  }));
}

function deviceRules(plan: AppPlan): readonly OciDeviceRule[] {
  if (plan.privileged) {
    return [{ allow: true, access: "rwm" }];
  }
  return [
    { allow: false, access: "rwm" },
    ...plan.devices.map(({ type, major, minor, access }) => ({
      allow: true,
      type,
      major,
      minor,
      access,
    })),
  ];
}

function defined<Key extends string, Value>(key: Key, value: Value | undefined) {
  return (value === undefined || value === "" ? {} : { [key]: value }) as {
    readonly [K in Key]?: Value;
  };
}
