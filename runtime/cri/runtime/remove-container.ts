// SPDX-License-Identifier: Apache-2.0
// RemoveContainer: "must be idempotent … if the container is running, the container must be forcibly removed" (api.proto).
import { removeContainer as remove } from "../pods/remove-container.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const removeContainer: RuntimeRpc<"removeContainer"> = async (request, context) => {
  const container = context.pods.findContainer(request.containerId);
  if (container !== undefined) {
    await remove(context, container);
  }
  return {};
};
