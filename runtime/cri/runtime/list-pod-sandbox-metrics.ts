// SPDX-License-Identifier: Apache-2.0
// ListPodSandboxMetrics: metrics of all pods that are ready and of their containers that run. One's failure is not the list's.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ContainerMetricsSchema, PodSandboxMetricsSchema } from "../api-schema.ts";
import type { CriContext } from "../context.ts";
import type { Container, Sandbox } from "../pods/pod-table.ts";
import type { RuntimeRpc } from "../rpc.ts";
import { CONTAINER_METRICS } from "../stats/metrics/container-metrics.ts";
import { metricMessages } from "../stats/metrics/messages.ts";
import { POD_METRICS } from "../stats/metrics/pod-metrics.ts";
import { containerSample } from "../stats/metrics/sample.ts";
import { podInterfaces } from "../stats/pod-stats.ts";

export const listPodSandboxMetrics: RuntimeRpc<"listPodSandboxMetrics"> = async (
  _request,
  context,
) => {
  const ready = context.pods.sandboxes().filter(({ record }) => record.state === "ready");
  const found = await Promise.all(
    ready.map((sandbox) =>
      podMetrics(context, sandbox).catch((error: unknown) => {
        context.log.warn("Cannot read metrics", {
          sandbox: sandbox.record.id,
          error: String(error),
        });
        return undefined;
      }),
    ),
  );
  return { podMetrics: found.filter((metrics) => metrics !== undefined) };
};

async function podMetrics(
  context: CriContext,
  sandbox: Sandbox,
): Promise<MessageInitShape<typeof PodSandboxMetricsSchema>> {
  const { record } = sandbox;
  const containers = await Promise.all(
    context.pods
      .containersOf(record.id)
      .map((container) => containerMetrics(context, sandbox, container)),
  );
  const owner = {
    container: "",
    id: record.id,
    image: "",
    name: record.id,
    namespace: record.namespace,
    pod: record.name,
  };
  return {
    podSandboxId: record.id,
    metrics: metricMessages(POD_METRICS, podInterfaces(context, record), owner),
    containerMetrics: containers.filter((metrics) => metrics !== undefined),
  };
}

async function containerMetrics(
  context: CriContext,
  sandbox: Sandbox,
  container: Container,
): Promise<MessageInitShape<typeof ContainerMetricsSchema> | undefined> {
  const sample = await containerSample(context, container);
  if (sample === undefined) {
    return undefined;
  }
  const { record } = container;
  const owner = {
    container: record.name,
    id: record.id,
    image: record.imageName,
    name: record.id,
    namespace: sandbox.record.namespace,
    pod: sandbox.record.name,
  };
  return {
    containerId: record.id,
    metrics: metricMessages(CONTAINER_METRICS, sample, owner),
  };
}
