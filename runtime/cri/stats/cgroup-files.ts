// SPDX-License-Identifier: Apache-2.0
// A container's use of cpu and memory, out of its cgroup's files: version 2, and version 1 for hosts that still have it.
import { join } from "node:path";
import type { System } from "../../system/system.ts";

/** What is known of a cgroup at one moment; undefined where the host does not count it. */
export interface CgroupUsage {
  readonly cpuNs: bigint | undefined;
  readonly memoryUsageBytes: bigint | undefined;
  /** Usage less the page cache that can be dropped: what eviction decides by. */
  readonly workingSetBytes: bigint | undefined;
  readonly rssBytes: bigint | undefined;
  readonly pageFaults: bigint | undefined;
  readonly majorPageFaults: bigint | undefined;
  readonly memoryLimitBytes: bigint | undefined;
  readonly swapBytes: bigint | undefined;
  readonly processes: bigint | undefined;
}

export const CGROUP_ROOT = "/sys/fs/cgroup";
/** From here on a limit of version 1 means "none": the greatest multiple of a page in 63 bits. */
const UNLIMITED = 1n << 62n;

/** Directories of a process's cgroups: "" for version 2, controllers' names for version 1. */
export async function readCgroups(
  system: Pick<System, "files">,
  pid: number,
): Promise<Readonly<Record<string, string>>> {
  return parseCgroups((await system.files.findText(`/proc/${pid}/cgroup`)) ?? "");
}

/** cgroups(7), /proc/<pid>/cgroup: `hierarchy:controllers:path`. A hybrid host's empty version 2 tree is left out. */
export function parseCgroups(text: string): Readonly<Record<string, string>> {
  const entries = text.split("\n").flatMap((line) => {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    const [, controllers = "", path = ""] = match ?? [];
    return match === null ? [] : controllers.split(",").map((each) => [each, path] as const);
  });
  const version1 = entries.some(([name]) => name === "memory" || name === "cpuacct");
  return Object.fromEntries(
    entries
      .filter(([name]) => (version1 ? name !== "" : name === ""))
      .map(([name, path]) => [
        name.replace(/^name=/, ""),
        name === "" ? join(CGROUP_ROOT, path) : join(CGROUP_ROOT, name.replace(/^name=/, ""), path),
      ]),
  );
}

/** undefined when the cgroup is gone: the container has just ended. */
export async function readUsage(
  system: Pick<System, "files">,
  cgroups: Readonly<Record<string, string>>,
): Promise<CgroupUsage | undefined> {
  const unified = cgroups[""];
  const usage =
    unified === undefined
      ? await readVersion1(system, cgroups)
      : await readVersion2(system, unified);
  return usage.cpuNs === undefined && usage.memoryUsageBytes === undefined ? undefined : usage;
}

/** What several cgroups use together; undefined for none. A limit of one is not one of all. */
export function sumOfUsage(usages: readonly CgroupUsage[]): CgroupUsage | undefined {
  const [first, ...others] = usages;
  if (first === undefined) {
    return undefined;
  }
  const sum = (field: keyof CgroupUsage) =>
    others.reduce<bigint | undefined>((total, usage) => {
      const added = usage[field];
      return total === undefined || added === undefined ? undefined : total + added;
    }, first[field]);
  return {
    cpuNs: sum("cpuNs"),
    memoryUsageBytes: sum("memoryUsageBytes"),
    workingSetBytes: sum("workingSetBytes"),
    rssBytes: sum("rssBytes"),
    pageFaults: sum("pageFaults"),
    majorPageFaults: sum("majorPageFaults"),
    memoryLimitBytes: undefined,
    swapBytes: sum("swapBytes"),
    processes: sum("processes"),
  };
}

async function readVersion2(
  system: Pick<System, "files">,
  directory: string,
): Promise<CgroupUsage> {
  // A cgroup that ends while it is read answers ENODEV: a container without figures, not a failed list.
  const read = (name: string) =>
    system.files.findText(join(directory, name)).catch(() => undefined);
  const [cpu, current, stat, max, swap, pids] = await Promise.all(
    [
      "cpu.stat",
      "memory.current",
      "memory.stat",
      "memory.max",
      "memory.swap.current",
      "pids.current",
    ].map(read),
  );
  const cpuUs = flatKey(cpu, "usage_usec");
  const usage = number(current);
  return {
    cpuNs: cpuUs === undefined ? undefined : cpuUs * 1000n,
    memoryUsageBytes: usage,
    workingSetBytes: less(usage, flatKey(stat, "inactive_file")),
    rssBytes: flatKey(stat, "anon"),
    pageFaults: flatKey(stat, "pgfault"),
    majorPageFaults: flatKey(stat, "pgmajfault"),
    memoryLimitBytes: number(max),
    swapBytes: number(swap),
    processes: number(pids),
  };
}

async function readVersion1(
  system: Pick<System, "files">,
  cgroups: Readonly<Record<string, string>>,
): Promise<CgroupUsage> {
  // As for version 2: a cgroup may end while it is read.
  const read = async (controller: string, name: string) => {
    const directory = cgroups[controller];
    return directory === undefined
      ? undefined
      : await system.files.findText(join(directory, name)).catch(() => undefined);
  };
  const [cpu, current, stat, limit, pids] = await Promise.all([
    read("cpuacct", "cpuacct.usage"),
    read("memory", "memory.usage_in_bytes"),
    read("memory", "memory.stat"),
    read("memory", "memory.limit_in_bytes"),
    read("pids", "pids.current"),
  ]);
  const usage = number(current);
  const max = number(limit);
  return {
    cpuNs: number(cpu),
    memoryUsageBytes: usage,
    workingSetBytes: less(usage, flatKey(stat, "total_inactive_file")),
    rssBytes: flatKey(stat, "total_rss"),
    pageFaults: flatKey(stat, "total_pgfault"),
    majorPageFaults: flatKey(stat, "total_pgmajfault"),
    memoryLimitBytes: max === undefined || max >= UNLIMITED ? undefined : max,
    swapBytes: flatKey(stat, "total_swap"),
    processes: number(pids),
  };
}

function number(text: string | undefined): bigint | undefined {
  const trimmed = text?.trim() ?? "";
  return /^\d+$/.test(trimmed) ? BigInt(trimmed) : undefined;
}

function flatKey(text: string | undefined, key: string): bigint | undefined {
  return number(
    text
      ?.split("\n")
      .find((line) => line.startsWith(`${key} `))
      ?.slice(key.length),
  );
}

/** The kernel counts the two at different moments; where the cache seems the greater, cAdvisor says 0 too. */
function less(usage: bigint | undefined, cache: bigint | undefined): bigint | undefined {
  if (usage === undefined) {
    return undefined;
  }
  if (cache === undefined) {
    return usage;
  }
  return cache > usage ? 0n : usage - cache;
}
