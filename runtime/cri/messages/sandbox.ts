// SPDX-License-Identifier: Apache-2.0
// A pod's record in the words of the CRI.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SandboxRecord } from "../../pod/sandbox-record.ts";
import { type PodSandboxMetadataSchema, PodSandboxState } from "../api-schema.ts";

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
