// SPDX-License-Identifier: Apache-2.0
// PodSandboxStatus: what the kubelet compares with the pod it wants; it makes a new pod when something differs.
import { containerStatusMessage } from "../messages/container.ts";
import { sandboxStatusMessage } from "../messages/sandbox.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const podSandboxStatus: RuntimeRpc<"podSandboxStatus"> = async (request, context) => {
  const sandbox = context.pods.getSandbox(request.podSandboxId);
  const { record } = sandbox;
  return {
    status: sandboxStatusMessage(sandbox),
    containersStatuses: context.pods.containersOf(record.id).map(containerStatusMessage),
    timestamp: BigInt(Math.round(context.system.clock.now() * 1e6)),
    info: request.verbose ? { record: JSON.stringify(record) } : {},
  };
};
