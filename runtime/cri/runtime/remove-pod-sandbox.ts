// SPDX-License-Identifier: Apache-2.0
// RemovePodSandbox: idempotent (api.proto); stops what runs and removes the containers.
import { removeSandbox } from "../pods/stop-sandbox.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const removePodSandbox: RuntimeRpc<"removePodSandbox"> = async (request, context) => {
  const sandbox = context.pods.findSandbox(request.podSandboxId);
  if (sandbox !== undefined) {
    await removeSandbox(context, sandbox);
    context.cpuRates.forget(sandbox.record.id);
  }
  return {};
};
