// SPDX-License-Identifier: Apache-2.0
// Everything that a container's metrics are made of, read at one moment.
import { join } from "node:path";
import type { ContainerRecord } from "../../../pod/container-record.ts";
import type { FilesystemUsage } from "../../../system/kernel-interface.ts";
import type { System } from "../../../system/system.ts";
import type { LinuxContainerResources } from "../../api-schema.ts";
import type { CriContext } from "../../context.ts";
import { appDir } from "../../pods/paths.ts";
import type { Container } from "../../pods/pod-table.ts";
import { type DeviceIo, readBlockIo } from "../block-io.ts";
import { type CgroupDetails, readDetails, readMembers } from "../cgroup-details.ts";
import { type CgroupUsage, readUsage } from "../cgroup-files.ts";
import type { DiskUsage } from "../disk-usage.ts";

export interface ContainerSample {
  readonly record: ContainerRecord;
  readonly resources: LinuxContainerResources;
  readonly nowMs: number;
  readonly usage: CgroupUsage;
  readonly details: CgroupDetails;
  readonly io: readonly DeviceIo[];
  readonly disk: DiskUsage | undefined;
  /** Of the file system that containers write to. */
  readonly filesystem: FilesystemUsage;
  readonly dataDir: string;
  readonly processes: number;
  readonly threads: number;
  readonly descriptors: number;
  readonly sockets: number;
}

/** undefined for a container that does not run. */
export async function containerSample(
  context: CriContext,
  { record, resources }: Container,
): Promise<ContainerSample | undefined> {
  const { system, paths } = context;
  const usage = record.state === "running" ? await readUsage(system, record.cgroups) : undefined;
  if (usage === undefined) {
    return undefined;
  }
  const members = await readMembers(system, record.cgroups);
  const open = await Promise.all(members.processes.map((pid) => openFiles(system, pid)));
  return {
    record,
    resources,
    nowMs: system.clock.now(),
    usage,
    details: await readDetails(system, record.cgroups),
    io: await readBlockIo(system, record.cgroups),
    disk: await context.diskUsage.usage(
      record.id,
      join(appDir(paths, record.podUuid, record.id), "upper"),
    ),
    filesystem: system.kernel.statfs(paths.dataDir),
    dataDir: paths.dataDir,
    processes: members.processes.length,
    threads: members.threads,
    descriptors: open.reduce((sum, each) => sum + each.descriptors, 0),
    sockets: open.reduce((sum, each) => sum + each.sockets, 0),
  };
}

async function openFiles(
  { files }: Pick<System, "files">,
  pid: string,
): Promise<{ readonly descriptors: number; readonly sockets: number }> {
  const directory = `/proc/${pid}/fd`;
  // Processes end while we look.
  const names = await files.listNames(directory).catch(() => []);
  const targets = await Promise.all(
    names.map((name) => files.readlink(join(directory, name)).catch(() => "")),
  );
  return {
    descriptors: names.length,
    sockets: targets.filter((target) => target.startsWith("socket:")).length,
  };
}
