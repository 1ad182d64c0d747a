// SPDX-License-Identifier: Apache-2.0
// Metrics in the words of the CRI: each names its labels once, in its descriptor, and has their values in the same order.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type MetricDescriptorSchema, type MetricSchema, MetricType } from "../../api-schema.ts";
import { CONTAINER_METRICS } from "./container-metrics.ts";
import type { Metric } from "./metric.ts";
import { POD_METRICS } from "./pod-metrics.ts";

/** Labels of every metric, as the kubelet's own have them. */
const LABELS = ["container", "id", "image", "name", "namespace", "pod"] as const;

/** Whose metrics they are; for a pod's own, `container` and `image` are empty. */
export type Owner = Readonly<Record<(typeof LABELS)[number], string>>;

export function metricDescriptors(): MessageInitShape<typeof MetricDescriptorSchema>[] {
  return [...POD_METRICS, ...CONTAINER_METRICS].map(({ name, help, labels }) => ({
    name,
    help,
    labelKeys: [...LABELS, ...labels],
  }));
}

/** Read just now: a timestamp would mean that they were kept. */
export function metricMessages<Sample>(
  metrics: readonly Metric<Sample>[],
  sample: Sample,
  owner: Owner,
): MessageInitShape<typeof MetricSchema>[] {
  const own = LABELS.map((label) => owner[label]);
  return metrics.flatMap(({ name, kind, points }) =>
    points(sample).map(({ labels, value }) => ({
      name,
      metricType: kind === "counter" ? MetricType.COUNTER : MetricType.GAUGE,
      labelValues: [...own, ...labels],
      value: { value },
    })),
  );
}
