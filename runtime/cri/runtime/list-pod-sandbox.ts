// SPDX-License-Identifier: Apache-2.0
// ListPodSandbox: from memory, at once; asked every second.
import { podMetadata, sandboxState } from "../messages/sandbox.ts";
import { matchesId, matchesLabels } from "../plan/filters.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const listPodSandbox: RuntimeRpc<"listPodSandbox"> = async ({ filter }, context) => {
  const found = context.pods
    .sandboxes()
    .filter(
      ({ record }) =>
        filter === undefined ||
        (matchesId(record.id, filter.id) &&
          (filter.state === undefined || filter.state.state === sandboxState(record)) &&
          matchesLabels(record.labels, filter.labelSelector)),
    );
  return {
    items: found.map(({ record }) => ({
      id: record.id,
      metadata: podMetadata(record),
      state: sandboxState(record),
      createdAt: BigInt(record.createdAtNs),
      labels: record.labels,
      annotations: record.annotations,
      runtimeHandler: record.runtimeHandler,
    })),
  };
};
