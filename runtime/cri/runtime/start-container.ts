// SPDX-License-Identifier: Apache-2.0
// StartContainer: answers when the process runs and its log file is there.
import { startContainer as start } from "../pods/start-container.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const startContainer: RuntimeRpc<"startContainer"> = async (request, context) => {
  await start(context, context.pods.getContainer(request.containerId));
  return {};
};
