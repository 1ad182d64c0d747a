// SPDX-License-Identifier: Apache-2.0
// ContainerStatus: everything about one container; the kubelet keeps its own notes in labels and annotations.
import { containerStatusMessage } from "../messages/container.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const containerStatus: RuntimeRpc<"containerStatus"> = async (request, context) => {
  const container = context.pods.getContainer(request.containerId);
  const { record } = container;
  return {
    status: containerStatusMessage(container),
    info: request.verbose
      ? {
          info: JSON.stringify({
            pid: record.process?.pid ?? 0,
            sandboxID: record.sandboxId,
            record,
          }),
        }
      : {},
  };
};
