// SPDX-License-Identifier: Apache-2.0
// The lists in parts, for clients that a list of the whole would be too large a message for: what a list has, each item once.
import { create } from "@bufbuild/protobuf";
import {
  ListContainerStatsRequestSchema,
  ListContainersRequestSchema,
  ListPodSandboxMetricsRequestSchema,
  ListPodSandboxRequestSchema,
  ListPodSandboxStatsRequestSchema,
} from "../api-schema.ts";
import { inParts } from "../parts.ts";
import type { RuntimeRpc } from "../rpc.ts";
import { listContainerStats } from "./list-container-stats.ts";
import { listContainers } from "./list-containers.ts";
import { listPodSandbox } from "./list-pod-sandbox.ts";
import { listPodSandboxMetrics } from "./list-pod-sandbox-metrics.ts";
import { listPodSandboxStats } from "./list-pod-sandbox-stats.ts";

export const streamPodSandboxes: RuntimeRpc<"streamPodSandboxes"> = async function* (
  { filter },
  context,
  call,
) {
  const request = create(ListPodSandboxRequestSchema, filter === undefined ? {} : { filter });
  const { items = [] } = await listPodSandbox(request, context, call);
  yield* inParts(items, (podSandboxes) => ({ podSandboxes }));
};

export const streamContainers: RuntimeRpc<"streamContainers"> = async function* (
  { filter },
  context,
  call,
) {
  const request = create(ListContainersRequestSchema, filter === undefined ? {} : { filter });
  const { containers = [] } = await listContainers(request, context, call);
  yield* inParts(containers, (part) => ({ containers: part }));
};

export const streamContainerStats: RuntimeRpc<"streamContainerStats"> = async function* (
  { filter },
  context,
  call,
) {
  const request = create(ListContainerStatsRequestSchema, filter === undefined ? {} : { filter });
  const { stats = [] } = await listContainerStats(request, context, call);
  yield* inParts(stats, (containerStats) => ({ containerStats }));
};

export const streamPodSandboxStats: RuntimeRpc<"streamPodSandboxStats"> = async function* (
  { filter },
  context,
  call,
) {
  const request = create(ListPodSandboxStatsRequestSchema, filter === undefined ? {} : { filter });
  const { stats = [] } = await listPodSandboxStats(request, context, call);
  yield* inParts(stats, (podSandboxStats) => ({ podSandboxStats }));
};

export const streamPodSandboxMetrics: RuntimeRpc<"streamPodSandboxMetrics"> = async function* (
  _request,
  context,
  call,
) {
  const request = create(ListPodSandboxMetricsRequestSchema);
  const { podMetrics = [] } = await listPodSandboxMetrics(request, context, call);
  yield* inParts(podMetrics, (podSandboxMetrics) => ({ podSandboxMetrics }));
};
