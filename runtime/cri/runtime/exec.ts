// SPDX-License-Identifier: Apache-2.0
// Exec: a URL at which the client can run a command in a container, with its streams.
import { UsageError } from "../../errors.ts";
import { runningContainer } from "../pods/running-container.ts";
import type { RuntimeRpc } from "../rpc.ts";
import { execSession } from "../streaming/exec-session.ts";
import { checkWantedStreams } from "../streaming/wanted-streams.ts";

export const exec: RuntimeRpc<"exec"> = async (request, context) => {
  const doing = "run a command";
  if (request.cmd.length === 0) {
    throw new UsageError(`Cannot ${doing}: the request names none`);
  }
  checkWantedStreams(doing, request);
  const { record } = runningContainer(context, request.containerId, doing);
  const url = context.streaming.offer("exec", async (client) => {
    await execSession(context, record, request, client);
  });
  return { url };
};
