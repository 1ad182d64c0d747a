// SPDX-License-Identifier: Apache-2.0
// What metrics say of a cgroup beyond the statistics: a table of where each figure is, in version 1 and in version 2.
import { join } from "node:path";
import type { System } from "../../system/system.ts";
import { cgroupText } from "./cgroup-text.ts";

/** A file of the cgroup; with `key` the number behind that word in it. */
interface Place {
  /** Version 1 has a tree for each; version 2 none. */
  readonly controller: string;
  readonly file: string;
  readonly key?: string;
  readonly factor?: bigint;
}

const US = 1000n;
const v1 = (controller: string, file: string, key?: string): Place => ({
  controller,
  file,
  ...(key === undefined ? {} : { key }),
});
const v2 = (file: string, key?: string, factor = 1n): Place => ({ ...v1("", file, key), factor });

const PLACES = {
  cpuUserNs: [v1("cpuacct", "cpuacct.usage_user"), v2("cpu.stat", "user_usec", US)],
  cpuSystemNs: [v1("cpuacct", "cpuacct.usage_sys"), v2("cpu.stat", "system_usec", US)],
  cfsPeriods: [v1("cpu", "cpu.stat", "nr_periods"), v2("cpu.stat", "nr_periods")],
  cfsThrottledPeriods: [v1("cpu", "cpu.stat", "nr_throttled"), v2("cpu.stat", "nr_throttled")],
  cfsThrottledNs: [v1("cpu", "cpu.stat", "throttled_time"), v2("cpu.stat", "throttled_usec", US)],
  cacheBytes: [v1("memory", "memory.stat", "total_cache"), v2("memory.stat", "file")],
  mappedFileBytes: [
    v1("memory", "memory.stat", "total_mapped_file"),
    v2("memory.stat", "file_mapped"),
  ],
  kernelBytes: [v1("memory", "memory.kmem.usage_in_bytes"), v2("memory.stat", "kernel")],
  maxUsageBytes: [v1("memory", "memory.max_usage_in_bytes"), v2("memory.peak")],
  memoryFailures: [v1("memory", "memory.failcnt"), v2("memory.events", "max")],
  oomKills: [v1("memory", "memory.oom_control", "oom_kill"), v2("memory.events", "oom_kill")],
  processesMax: [v1("pids", "pids.max"), v2("pids.max")],
} as const satisfies Record<string, readonly [Place, Place]>;

type Figure = keyof typeof PLACES;

/** undefined where the host does not count it, or where there is no limit. */
export type CgroupDetails = { readonly [Name in Figure]: bigint | undefined };

export interface CgroupMembers {
  readonly processes: readonly string[];
  readonly threads: number;
}

/** `cgroups` as of {@link readCgroups}. */
export async function readDetails(
  system: Pick<System, "files">,
  cgroups: Readonly<Record<string, string>>,
): Promise<CgroupDetails> {
  const texts = new Map<string, Promise<string | undefined>>();
  const text = (path: string) => {
    const read = texts.get(path) ?? cgroupText(system, path);
    texts.set(path, read);
    return read;
  };
  const entries = Object.entries(PLACES).map(async ([name, [version1, version2]]) => {
    const place: Place = cgroups[""] === undefined ? version1 : version2;
    const directory = cgroups[place.controller];
    const found = directory === undefined ? undefined : await text(join(directory, place.file));
    return [name, found === undefined ? undefined : figure(found, place)] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as CgroupDetails;
}

/** Those in the cgroup itself: containers have none below. */
export async function readMembers(
  system: Pick<System, "files">,
  cgroups: Readonly<Record<string, string>>,
): Promise<CgroupMembers> {
  const [directory = "", threads] =
    cgroups[""] === undefined ? [cgroups["memory"], "tasks"] : [cgroups[""], "cgroup.threads"];
  const lines = async (name: string) => {
    const text = await cgroupText(system, join(directory, name));
    return (text ?? "").split("\n").filter((line) => line !== "");
  };
  return {
    processes: await lines("cgroup.procs"),
    threads: (await lines(threads)).length,
  };
}

function figure(text: string, { key, factor = 1n }: Place): bigint | undefined {
  const line =
    key === undefined
      ? text.trim()
      : text
          .split("\n")
          .find((each) => each.startsWith(`${key} `))
          ?.slice(key.length + 1);
  return line !== undefined && /^\d+$/.test(line) ? BigInt(line) * factor : undefined;
}
