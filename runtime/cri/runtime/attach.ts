// SPDX-License-Identifier: Apache-2.0
// Attach: a URL at which the client gets the streams of a container's first process, from now on.
import { UsageError } from "../../errors.ts";
import { runningContainer } from "../pods/running-container.ts";
import type { RuntimeRpc } from "../rpc.ts";
import { attachSession } from "../streaming/attach-session.ts";
import { checkWantedStreams } from "../streaming/wanted-streams.ts";

export const attach: RuntimeRpc<"attach"> = async (request, context) => {
  const doing = "attach to the first process";
  checkWantedStreams(doing, request);
  const container = runningContainer(context, request.containerId, doing);
  if (request.tty !== container.config.tty) {
    // api.proto, AttachRequest.tty: "must match the corresponding container's config"
    const has = container.config.tty ? "has a terminal" : "has no terminal";
    throw new UsageError(`Cannot attach to container "${container.record.name}": it ${has}`);
  }
  const url = context.streaming.offer("attach", async (client) => {
    await attachSession(context, container, request, client);
  });
  return { url };
};
