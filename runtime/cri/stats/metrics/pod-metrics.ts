// SPDX-License-Identifier: Apache-2.0
// The metrics of pods: their network's, which containers share.
import type { InterfaceCounters, Traffic } from "../../../net/interface-counters.ts";
import { labelled, type Metric } from "./metric.ts";

type Sample = readonly InterfaceCounters[];

const FIELDS = [
  ["bytes", "Bytes"],
  ["packets", "Packets"],
  ["errors", "Errors"],
] as const;

export const POD_METRICS: readonly Metric<Sample>[] = [
  ...direction("receive", "received", ({ received }) => received),
  ...direction("transmit", "sent", ({ sent }) => sent),
];

function direction(
  verb: string,
  participle: string,
  read: (counters: InterfaceCounters) => Traffic,
): readonly Metric<Sample>[] {
  const metric = (name: string, help: string, field: keyof Traffic) =>
    labelled<Sample>(
      "counter",
      `container_network_${verb}_${name}_total`,
      help,
      ["interface"],
      (all) => all.map((counters) => ({ labels: [counters.name], value: read(counters)[field] })),
    );
  return [
    ...FIELDS.map(([field, word]) => metric(field, `${word} ${participle}`, field)),
    metric("packets_dropped", `Packets to be ${participle} that were dropped`, "dropped"),
  ];
}
