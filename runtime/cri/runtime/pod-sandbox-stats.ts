// SPDX-License-Identifier: Apache-2.0
// PodSandboxStats: one pod's use of cpu, memory and network, and its containers'.
import type { RuntimeRpc } from "../rpc.ts";
import { podStats } from "../stats/pod-stats.ts";

export const podSandboxStats: RuntimeRpc<"podSandboxStats"> = async (request, context) => ({
  stats: await podStats(context, context.pods.getSandbox(request.podSandboxId)),
});
