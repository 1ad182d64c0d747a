// SPDX-License-Identifier: Apache-2.0
// ListContainers: from memory, at once; asked every second.
import { containerState, imageSpec } from "../messages/container.ts";
import { matchesId, matchesLabels } from "../plan/filters.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const listContainers: RuntimeRpc<"listContainers"> = async ({ filter }, context) => {
  const found = context.pods
    .containers()
    .filter(
      ({ record }) =>
        filter === undefined ||
        (matchesId(record.id, filter.id) &&
          matchesId(record.sandboxId, filter.podSandboxId) &&
          (filter.state === undefined || filter.state.state === containerState(record)) &&
          matchesLabels(record.labels, filter.labelSelector)),
    );
  return {
    containers: found.map(({ record }) => ({
      id: record.id,
      podSandboxId: record.sandboxId,
      metadata: { name: record.name, attempt: record.attempt },
      image: imageSpec(record),
      imageRef: record.imageId,
      imageId: record.imageId,
      state: containerState(record),
      createdAt: BigInt(record.createdAtNs),
      labels: record.labels,
      annotations: record.annotations,
    })),
  };
};
