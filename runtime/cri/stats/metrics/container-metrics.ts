// SPDX-License-Identifier: Apache-2.0
// The metrics of containers, under the names that cAdvisor made: dashboards and alerts ask for these.
import type { DeviceIo } from "../block-io.ts";
import { labelled, type Metric, type Point, plain, seconds } from "./metric.ts";
import type { ContainerSample } from "./sample.ts";

const cpu: readonly Metric<ContainerSample>[] = [
  labelled(
    "counter",
    "container_cpu_usage_seconds_total",
    "Processor time used, in seconds",
    ["cpu"],
    ({ usage }) =>
      usage.cpuNs === undefined ? [] : [{ labels: ["total"], value: usage.cpuNs / 1_000_000_000n }],
  ),
  plain("counter", "container_cpu_user_seconds_total", "Of it in programs", ({ details }) =>
    seconds(details.cpuUserNs),
  ),
  plain("counter", "container_cpu_system_seconds_total", "Of it in the kernel", ({ details }) =>
    seconds(details.cpuSystemNs),
  ),
  plain(
    "counter",
    "container_cpu_cfs_periods_total",
    "Periods in which the container ran while it had a quota",
    ({ details }) => details.cfsPeriods,
  ),
  plain(
    "counter",
    "container_cpu_cfs_throttled_periods_total",
    "Of them those in which it used up its quota",
    ({ details }) => details.cfsThrottledPeriods,
  ),
  plain(
    "counter",
    "container_cpu_cfs_throttled_seconds_total",
    "Time for which it was kept waiting then, in seconds",
    ({ details }) => seconds(details.cfsThrottledNs),
  ),
];

const memory: readonly Metric<ContainerSample>[] = [
  plain(
    "gauge",
    "container_memory_usage_bytes",
    "Memory in use, page cache included",
    (sample) => sample.usage.memoryUsageBytes,
  ),
  plain(
    "gauge",
    "container_memory_working_set_bytes",
    "Memory in use, less the page cache that can be dropped",
    ({ usage }) => usage.workingSetBytes,
  ),
  plain("gauge", "container_memory_rss", "Anonymous memory", ({ usage }) => usage.rssBytes),
  plain("gauge", "container_memory_cache", "Page cache", ({ details }) => details.cacheBytes),
  plain(
    "gauge",
    "container_memory_mapped_file",
    "Page cache that is mapped",
    ({ details }) => details.mappedFileBytes,
  ),
  plain(
    "gauge",
    "container_memory_kernel_usage",
    "Memory of the kernel's for it",
    (sample) => sample.details.kernelBytes,
  ),
  plain("gauge", "container_memory_swap", "Swap in use", ({ usage }) => usage.swapBytes ?? 0n),
  plain(
    "gauge",
    "container_memory_max_usage_bytes",
    "The most memory that was ever in use",
    ({ details }) => details.maxUsageBytes,
  ),
  plain(
    "counter",
    "container_memory_failcnt",
    "How often the memory limit was hit",
    ({ details }) => details.memoryFailures,
  ),
  labelled(
    "counter",
    "container_memory_failures_total",
    "Page faults",
    ["failure_type", "scope"],
    ({ usage }) => [
      ...fault("pgfault", usage.pageFaults),
      ...fault("pgmajfault", usage.majorPageFaults),
    ],
  ),
  plain(
    "counter",
    "container_oom_events_total",
    "Processes that were killed for want of memory",
    ({ details }) => details.oomKills,
  ),
];

const disk: readonly Metric<ContainerSample>[] = [
  onDisk(
    "container_fs_usage_bytes",
    "What the container has written into its own layer",
    (sample) => sample.disk?.usedBytes,
  ),
  onDisk(
    "container_fs_limit_bytes",
    "Size of the file system that the layer is on",
    (sample) => BigInt(sample.filesystem.blocks) * BigInt(sample.filesystem.bsize),
  ),
  onDisk("container_fs_inodes_total", "Inodes of that file system", ({ filesystem }) =>
    BigInt(filesystem.files),
  ),
  onDisk("container_fs_inodes_free", "Of them those that are free", ({ filesystem }) =>
    BigInt(filesystem.ffree),
  ),
  ofDevices("container_fs_reads_bytes_total", "Bytes read", ({ readBytes }) => readBytes),
  ofDevices("container_fs_writes_bytes_total", "Bytes written", (device) => device.writtenBytes),
  ofDevices("container_fs_reads_total", "Reads", ({ reads }) => reads),
  ofDevices("container_fs_writes_total", "Writes", ({ writes }) => writes),
  labelled(
    "counter",
    "container_blkio_device_usage_total",
    "Bytes read from and written to a block device",
    ["device", "major", "minor", "operation"],
    ({ io }) =>
      io.flatMap(({ major, minor, readBytes, writtenBytes }) => [
        { labels: [`${major}:${minor}`, major, minor, "Read"], value: readBytes },
        { labels: [`${major}:${minor}`, major, minor, "Write"], value: writtenBytes },
      ]),
  ),
];

const processes: readonly Metric<ContainerSample>[] = [
  plain("gauge", "container_processes", "Processes", (sample) => BigInt(sample.processes)),
  plain("gauge", "container_threads", "Threads", (sample) => BigInt(sample.threads)),
  plain(
    "gauge",
    "container_threads_max",
    "How many it may have; 0 for any number",
    (sample) => sample.details.processesMax ?? 0n,
  ),
  plain("gauge", "container_file_descriptors", "Open file descriptors", (sample) =>
    BigInt(sample.descriptors),
  ),
  plain("gauge", "container_sockets", "Of them sockets", ({ sockets }) => BigInt(sockets)),
  plain("gauge", "container_last_seen", "When this was read, in seconds since 1970", (sample) =>
    BigInt(Math.floor(sample.nowMs / 1000)),
  ),
  plain("gauge", "container_start_time_seconds", "When it started, likewise", ({ record }) =>
    seconds(BigInt(record.startedAtNs)),
  ),
];

/** What was asked for; 0 where nothing was. */
const spec: readonly Metric<ContainerSample>[] = [
  plain(
    "gauge",
    "container_spec_cpu_period",
    "Length of a period of the quota, in us",
    (sample) => sample.resources.cpuPeriod,
  ),
  plain("gauge", "container_spec_cpu_quota", "Processor time in each period, in us", (sample) =>
    sample.resources.cpuQuota > 0n ? sample.resources.cpuQuota : undefined,
  ),
  plain(
    "gauge",
    "container_spec_cpu_shares",
    "Weight among others",
    (sample) => sample.resources.cpuShares,
  ),
  plain(
    "gauge",
    "container_spec_memory_limit_bytes",
    "Memory limit",
    ({ resources }) => resources.memoryLimitInBytes,
  ),
  plain("gauge", "container_spec_memory_swap_limit_bytes", "Limit of memory and swap", (sample) =>
    sample.resources.memorySwapLimitInBytes > 0n ? sample.resources.memorySwapLimitInBytes : 0n,
  ),
];

export const CONTAINER_METRICS: readonly Metric<ContainerSample>[] = [
  ...cpu,
  ...memory,
  ...disk,
  ...processes,
  ...spec,
];

function fault(type: string, count: bigint | undefined): readonly Point[] {
  return count === undefined ? [] : [{ labels: [type, "container"], value: count }];
}

function onDisk(
  name: string,
  help: string,
  read: (sample: ContainerSample) => bigint | undefined,
): Metric<ContainerSample> {
  return labelled("gauge", name, help, ["device"], (sample) => {
    const value = read(sample);
    return value === undefined ? [] : [{ labels: [sample.dataDir], value }];
  });
}

function ofDevices(
  name: string,
  help: string,
  read: (device: DeviceIo) => bigint,
): Metric<ContainerSample> {
  return labelled("counter", name, help, ["device"], ({ io }) =>
    io.map((device) => ({ labels: [`${device.major}:${device.minor}`], value: read(device) })),
  );
}
