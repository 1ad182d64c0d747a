// SPDX-License-Identifier: Apache-2.0
// PortForward: a URL at which the client can connect to ports in a pod.
import { PodStateError, UsageError } from "../../errors.ts";
import type { RuntimeRpc } from "../rpc.ts";
import { portForwardSession } from "../streaming/port-forward-session.ts";

/** Over SPDY the client says the ports as it goes; those of the request are for WebSocket. */
export const portForward: RuntimeRpc<"portForward"> = async (request, context) => {
  const { record } = context.pods.getSandbox(request.podSandboxId);
  const doing = `Cannot forward ports of pod "${record.namespace}/${record.name}"`;
  if (record.state !== "ready") {
    throw new PodStateError(`${doing}: it is ${record.state}, expected ready`);
  }
  const wrong = request.port.find((port) => port < 1 || port > 65535);
  if (wrong !== undefined) {
    throw new UsageError(`${doing}: ${wrong} is no port`);
  }
  const url = context.streaming.offer("portforward", async (client) => {
    await portForwardSession(context, record, request.port, client);
  });
  return { url };
};
