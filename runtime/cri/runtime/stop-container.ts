// SPDX-License-Identifier: Apache-2.0
// StopContainer: "must be idempotent … must not return an error if the container has already been stopped" (api.proto);
// answers when it is dead.
import { stopContainer as stop } from "../pods/stop-container.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const stopContainer: RuntimeRpc<"stopContainer"> = async (request, context) => {
  const container = context.pods.findContainer(request.containerId);
  if (container !== undefined) {
    await stop(context, container, Math.max(0, Number(request.timeout)) * 1000);
  }
  return {};
};
