// SPDX-License-Identifier: Apache-2.0
// ListPodSandboxStats: of all pods that are ready. One pod's failure is not the list's.
import { matchesId, matchesLabels } from "../plan/filters.ts";
import type { RuntimeRpc } from "../rpc.ts";
import { podStats } from "../stats/pod-stats.ts";

export const listPodSandboxStats: RuntimeRpc<"listPodSandboxStats"> = async (
  { filter },
  context,
) => {
  const wanted = context.pods
    .sandboxes()
    .filter(
      ({ record }) =>
        record.state === "ready" &&
        (filter === undefined ||
          (matchesId(record.id, filter.id) && matchesLabels(record.labels, filter.labelSelector))),
    );
  const found = await Promise.all(
    wanted.map((sandbox) =>
      podStats(context, sandbox).catch((error: unknown) => {
        context.log.warn("Cannot read statistics", {
          sandbox: sandbox.record.id,
          error: String(error),
        });
        return undefined;
      }),
    ),
  );
  return { stats: found.filter((stats) => stats !== undefined) };
};
