// SPDX-License-Identifier: Apache-2.0
// UpdatePodSandboxResources: the kubelet writes the pod's cgroup itself and only tells us.
import type { RuntimeRpc } from "../rpc.ts";

export const updatePodSandboxResources: RuntimeRpc<"updatePodSandboxResources"> = async (
  request,
  context,
) => {
  context.pods.getSandbox(request.podSandboxId);
  return {};
};
