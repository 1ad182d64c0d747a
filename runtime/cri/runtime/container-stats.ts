// SPDX-License-Identifier: Apache-2.0
// ContainerStats: one container's use of cpu, memory and disk.

import type { RuntimeRpc } from "../rpc.ts";
import { containerStats as stats } from "../stats/container-stats.ts";

export const containerStats: RuntimeRpc<"containerStats"> = async (request, context) => {
  const found = await stats(context, context.pods.getContainer(request.containerId));
  return found === undefined ? {} : { stats: found };
};
