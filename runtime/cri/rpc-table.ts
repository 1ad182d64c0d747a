// SPDX-License-Identifier: Apache-2.0
// All 43 RPCs of cri-api v0.37.2: a handler for each, or the word that we have none yet.
import { imageFsInfo } from "./image/image-fs-info.ts";
import { imageStatus } from "./image/image-status.ts";
import { listImages } from "./image/list-images.ts";
import { pullImage } from "./image/pull-image.ts";
import { removeImage } from "./image/remove-image.ts";
import { streamImages } from "./image/stream-images.ts";
import type { RpcTable } from "./rpc.ts";
import { attach } from "./runtime/attach.ts";
import { containerStats } from "./runtime/container-stats.ts";
import { containerStatus } from "./runtime/container-status.ts";
import { createContainer } from "./runtime/create-container.ts";
import { exec } from "./runtime/exec.ts";
import { execSync } from "./runtime/exec-sync.ts";
import { getContainerEvents } from "./runtime/get-container-events.ts";
import { listContainerStats } from "./runtime/list-container-stats.ts";
import { listContainers } from "./runtime/list-containers.ts";
import { listMetricDescriptors } from "./runtime/list-metric-descriptors.ts";
import { listPodSandbox } from "./runtime/list-pod-sandbox.ts";
import { listPodSandboxMetrics } from "./runtime/list-pod-sandbox-metrics.ts";
import { listPodSandboxStats } from "./runtime/list-pod-sandbox-stats.ts";
import { podSandboxStats } from "./runtime/pod-sandbox-stats.ts";
import { podSandboxStatus } from "./runtime/pod-sandbox-status.ts";
import { portForward } from "./runtime/port-forward.ts";
import { removeContainer } from "./runtime/remove-container.ts";
import { removePodSandbox } from "./runtime/remove-pod-sandbox.ts";
import { reopenContainerLog } from "./runtime/reopen-container-log.ts";
import { runPodSandbox } from "./runtime/run-pod-sandbox.ts";
import { runtimeConfig } from "./runtime/runtime-config.ts";
import { startContainer } from "./runtime/start-container.ts";
import { status } from "./runtime/status.ts";
import { stopContainer } from "./runtime/stop-container.ts";
import { stopPodSandbox } from "./runtime/stop-pod-sandbox.ts";
import {
  streamContainerStats,
  streamContainers,
  streamPodSandboxes,
  streamPodSandboxMetrics,
  streamPodSandboxStats,
} from "./runtime/stream-lists.ts";
import { updateContainerResources } from "./runtime/update-container-resources.ts";
import { updatePodSandboxResources } from "./runtime/update-pod-sandbox-resources.ts";
import { updateRuntimeConfig } from "./runtime/update-runtime-config.ts";
import { version } from "./runtime/version.ts";

export const rpcTable: RpcTable = {
  runtime: {
    version,
    runPodSandbox,
    stopPodSandbox,
    removePodSandbox,
    podSandboxStatus,
    listPodSandbox,
    streamPodSandboxes,
    createContainer,
    startContainer,
    stopContainer,
    removeContainer,
    listContainers,
    streamContainers,
    containerStatus,
    updateContainerResources,
    reopenContainerLog,
    execSync,
    exec,
    attach,
    portForward,
    containerStats,
    listContainerStats,
    streamContainerStats,
    podSandboxStats,
    listPodSandboxStats,
    streamPodSandboxStats,
    updateRuntimeConfig,
    status,
    checkpointContainer: "unimplemented",
    checkpointPod: "unimplemented",
    restorePod: "unimplemented",
    getContainerEvents,
    listMetricDescriptors,
    listPodSandboxMetrics,
    streamPodSandboxMetrics,
    runtimeConfig,
    updatePodSandboxResources,
  },
  image: {
    listImages,
    streamImages,
    imageStatus,
    pullImage,
    removeImage,
    imageFsInfo,
  },
};
