// SPDX-License-Identifier: Apache-2.0
// StopPodSandbox: "must be idempotent … must not return an error if all relevant resources have already been reclaimed"
// (api.proto), so an unknown pod is a stopped one.
import { stopSandbox } from "../pods/stop-sandbox.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const stopPodSandbox: RuntimeRpc<"stopPodSandbox"> = async (request, context) => {
  const sandbox = context.pods.findSandbox(request.podSandboxId);
  if (sandbox !== undefined) {
    await stopSandbox(context, sandbox);
  }
  return {};
};
