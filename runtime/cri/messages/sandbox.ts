// SPDX-License-Identifier: Apache-2.0
// A pod's record in the words of the CRI.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SandboxRecord } from "../../pod/sandbox-record.ts";
import {
  type PodSandboxMetadataSchema,
  PodSandboxState,
  type PodSandboxStatusSchema,
} from "../api-schema.ts";
import type { Sandbox } from "../pods/pod-table.ts";

export function podMetadata(
  record: SandboxRecord,
): MessageInitShape<typeof PodSandboxMetadataSchema> {
  const { name, namespace, podUid, attempt } = record;
  return { name, namespace, uid: podUid, attempt };
}

export function sandboxState(record: SandboxRecord): PodSandboxState {
  return record.state === "ready"
    ? PodSandboxState.SANDBOX_READY
    : PodSandboxState.SANDBOX_NOTREADY;
}

export function sandboxStatusMessage({
  record,
  config,
}: Sandbox): MessageInitShape<typeof PodSandboxStatusSchema> {
  const state = sandboxState(record);
  const [ip = "", ...others] = state === PodSandboxState.SANDBOX_READY ? record.ips : [];
  const options = config.linux?.securityContext?.namespaceOptions;
  return {
    id: record.id,
    metadata: podMetadata(record),
    state,
    createdAt: BigInt(record.createdAtNs),
    network: { ip, additionalIps: others.map((each) => ({ ip: each })) },
    linux: { namespaces: options === undefined ? {} : { options } },
    labels: record.labels,
    annotations: record.annotations,
    runtimeHandler: record.runtimeHandler,
  };
}
