// SPDX-License-Identifier: Apache-2.0
// ListContainerStats: the summary API and eviction live on it, every ten seconds. One container's failure is not the list's.
import { matchesId, matchesLabels } from "../plan/filters.ts";
import type { RuntimeRpc } from "../rpc.ts";
import { containerStats } from "../stats/container-stats.ts";

export const listContainerStats: RuntimeRpc<"listContainerStats"> = async ({ filter }, context) => {
  const wanted = context.pods
    .containers()
    .filter(
      ({ record }) =>
        filter === undefined ||
        (matchesId(record.id, filter.id) &&
          matchesId(record.sandboxId, filter.podSandboxId) &&
          matchesLabels(record.labels, filter.labelSelector)),
    );
  const found = await Promise.all(
    wanted.map((container) =>
      containerStats(context, container).catch((error: unknown) => {
        context.log.warn("Cannot read statistics", {
          container: container.record.id,
          error: String(error),
        });
        return undefined;
      }),
    ),
  );
  return { stats: found.filter((stats) => stats !== undefined) };
};
