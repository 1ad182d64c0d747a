// SPDX-License-Identifier: Apache-2.0
// A container's record in the words of the CRI.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ContainerRecord } from "../../pod/container-record.ts";
import { ContainerState, type ContainerStatusSchema, type ImageSpecSchema } from "../api-schema.ts";
import { signalOfNumber } from "../plan/signals.ts";
import type { Container } from "../pods/pod-table.ts";

export function containerState(record: ContainerRecord): ContainerState {
  switch (record.state) {
    // Until it is known to run it is still the container that was created.
    case "created":
    case "starting":
      return ContainerState.CONTAINER_CREATED;
    case "running":
      return ContainerState.CONTAINER_RUNNING;
    case "exited":
      return ContainerState.CONTAINER_EXITED;
  }
}

/** The image as the pod's author wrote it. */
export function imageSpec(record: ContainerRecord): MessageInitShape<typeof ImageSpecSchema> {
  return { image: record.imageName, userSpecifiedImage: record.imageName };
}

/** Mounts are the request's, verbatim: the kubelet compares them (cri.md, ContainerStatus). */
export function containerStatusMessage({
  record,
  config,
  resources,
}: Container): MessageInitShape<typeof ContainerStatusSchema> {
  return {
    id: record.id,
    metadata: { name: record.name, attempt: record.attempt },
    state: containerState(record),
    createdAt: BigInt(record.createdAtNs),
    startedAt: record.state === "starting" ? 0n : BigInt(record.startedAtNs),
    finishedAt: BigInt(record.finishedAtNs),
    exitCode: record.exitCode,
    image: imageSpec(record),
    imageRef: record.imageId,
    imageId: record.imageId,
    reason: record.reason,
    message: record.message,
    labels: record.labels,
    annotations: record.annotations,
    mounts: config.mounts,
    logPath: record.logPath,
    resources: { linux: resources },
    user: {
      linux: {
        uid: BigInt(record.uid),
        gid: BigInt(record.gid),
        supplementalGroups: [record.gid, ...record.groups].map(BigInt),
      },
    },
    stopSignal: signalOfNumber(record.stopSignal),
  };
}
