// SPDX-License-Identifier: Apache-2.0
// A pod's line of statistics: its own cgroup's where the kubelet has made one, else the sum over its containers; what went
// through its network, which only the runtime knows; and the lines of its containers.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type InterfaceCounters, readInterfaceCounters } from "../../net/interface-counters.ts";
import type { SandboxRecord } from "../../pod/sandbox-record.ts";
import { isMissing } from "../../system/files.ts";
import type { PodSandboxStatsSchema } from "../api-schema.ts";
import type { CriContext } from "../context.ts";
import { nsOfMs } from "../pods/names.ts";
import type { Sandbox } from "../pods/pod-table.ts";
import { type CgroupUsage, readUsage, sumOfUsage } from "./cgroup-files.ts";
import { containerStats } from "./container-stats.ts";
import { podCgroups } from "./pod-cgroup.ts";
import { cpuMessage, memoryMessage, value } from "./usage-message.ts";

type Stats = MessageInitShape<typeof PodSandboxStatsSchema>;

export async function podStats(context: CriContext, sandbox: Sandbox): Promise<Stats> {
  const { record } = sandbox;
  const running = context.pods
    .containersOf(record.id)
    .filter((container) => container.record.state === "running");
  const timestamp = BigInt(nsOfMs(context.system.clock.now()));
  const [usage, containers] = await Promise.all([
    podUsage(context, record),
    Promise.all(running.map((container) => containerStats(context, container))),
  ]);
  const network = podInterfaces(context, record);
  return {
    attributes: {
      id: record.id,
      metadata: {
        name: record.name,
        namespace: record.namespace,
        uid: record.podUid,
        attempt: record.attempt,
      },
      labels: record.labels,
      annotations: record.annotations,
    },
    linux: {
      ...(usage === undefined ? {} : usageMessages(context, record, usage, timestamp)),
      ...(network.length === 0 ? {} : { network: networkMessage(network, timestamp) }),
      containers: containers.filter((stats) => stats !== undefined),
    },
  };
}

function usageMessages(
  context: CriContext,
  record: SandboxRecord,
  usage: CgroupUsage,
  timestamp: bigint,
) {
  return {
    cpu: cpuMessage(usage, timestamp, context.cpuRates.rate(record.id, usage.cpuNs, timestamp)),
    memory: memoryMessage(usage, timestamp),
    process: { timestamp, ...value("processCount", usage.processes) },
  };
}

/** undefined when nothing of the pod runs. */
async function podUsage(
  context: CriContext,
  record: SandboxRecord,
): Promise<CgroupUsage | undefined> {
  const own = podCgroups(record, context.host);
  if (own !== undefined) {
    return readUsage(context.system, own);
  }
  const usages = await Promise.all(
    context.pods
      .containersOf(record.id)
      .filter((container) => container.record.state === "running")
      .map((container) => readUsage(context.system, container.record.cgroups)),
  );
  return sumOfUsage(usages.filter((usage) => usage !== undefined));
}

/** None for a pod in the host's network, and for one that is stopped. */
export function podInterfaces(
  { system }: Pick<CriContext, "system">,
  { netnsPath }: Pick<SandboxRecord, "netnsPath">,
): readonly InterfaceCounters[] {
  if (netnsPath === "") {
    return [];
  }
  try {
    return readInterfaceCounters(system, netnsPath);
  } catch (cause) {
    if (isMissing(cause)) {
      return []; // it is being stopped
    }
    throw cause;
  }
}

/** CNI calls a pod's own interface eth0. */
function networkMessage(interfaces: readonly InterfaceCounters[], timestamp: bigint) {
  const messages = interfaces.map(({ name, received, sent }) => ({
    name,
    rxBytes: { value: received.bytes },
    rxErrors: { value: received.errors },
    txBytes: { value: sent.bytes },
    txErrors: { value: sent.errors },
  }));
  const first = messages.find(({ name }) => name === "eth0") ?? messages[0];
  return {
    timestamp,
    ...(first === undefined ? {} : { defaultInterface: first }),
    interfaces: messages.filter((each) => each !== first),
  };
}
