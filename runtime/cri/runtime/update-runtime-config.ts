// SPDX-License-Identifier: Apache-2.0
// UpdateRuntimeConfig: the node has got its pod range. Our networks are configured by files, so there is nothing to do.
import type { RuntimeRpc } from "../rpc.ts";

export const updateRuntimeConfig: RuntimeRpc<"updateRuntimeConfig"> = async (request, { log }) => {
  const podCidr = request.runtimeConfig?.networkConfig?.podCidr;
  log.info("The kubelet names the pod range", { podCidr });
  return {};
};
