// SPDX-License-Identifier: Apache-2.0
// RunPodSandbox: answers when the pod is ready. A client that gives up does not undo it; its next try finds the pod.
import { UsageError } from "../../errors.ts";
import { runSandbox } from "../pods/run-sandbox.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const runPodSandbox: RuntimeRpc<"runPodSandbox"> = async (request, context) => {
  if (request.config === undefined) {
    throw new UsageError("Cannot run pod sandbox: the request has no config");
  }
  const sandbox = await runSandbox(context, request.config, request.runtimeHandler);
  return { podSandboxId: sandbox.record.id };
};
