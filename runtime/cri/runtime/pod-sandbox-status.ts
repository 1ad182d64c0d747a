// SPDX-License-Identifier: Apache-2.0
// PodSandboxStatus: what the kubelet compares with the pod it wants; it makes a new pod when something differs.
import { PodSandboxState } from "../api-schema.ts";
import { containerStatusMessage } from "../messages/container.ts";
import { podMetadata, sandboxState } from "../messages/sandbox.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const podSandboxStatus: RuntimeRpc<"podSandboxStatus"> = async (request, context) => {
  const { record, config } = context.pods.getSandbox(request.podSandboxId);
  const state = sandboxState(record);
  const [ip = "", ...others] = state === PodSandboxState.SANDBOX_READY ? record.ips : [];
  const options = config.linux?.securityContext?.namespaceOptions;
  return {
    status: {
      id: record.id,
      metadata: podMetadata(record),
      state,
      createdAt: BigInt(record.createdAtNs),
      network: { ip, additionalIps: others.map((each) => ({ ip: each })) },
      linux: { namespaces: options === undefined ? {} : { options } },
      labels: record.labels,
      annotations: record.annotations,
      runtimeHandler: record.runtimeHandler,
    },
    containersStatuses: context.pods.containersOf(record.id).map(containerStatusMessage),
    timestamp: BigInt(Math.round(context.system.clock.now() * 1e6)),
    info: request.verbose ? { record: JSON.stringify(record) } : {},
  };
};
