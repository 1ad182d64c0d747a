// SPDX-License-Identifier: Apache-2.0
// Statistics and metrics of pods: against what the kernel shows, and against what the pod did.
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { failure } from "../../../helpers/cri-client.ts";
import { CriNode } from "../../../helpers/cri-node.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

const MIB = 1024n * 1024n;
/** The node's end of the pods' bridge. */
const GATEWAY = "10.219.7.1";

let node: CriNode;
beforeAll(async () => {
  node = await CriNode.start();
}, 60_000);
afterEach(async () => {
  await node.removePods();
});
afterAll(async () => {
  await node.remove();
}, 60_000);

/** Two processes, 3 MiB of shared memory, and something for the gateway, where nobody listens: what counts is that it left. */
const WORK = `sleep 100 & head -c 3145728 /dev/zero >/dev/shm/x; echo x | nc -w 1 ${GATEWAY} 9; echo done; wait`;

describe("PodSandboxStats", () => {
  it("has the pod's own cgroup's figures, its network's and its containers'", async () => {
    const podUid = "0c0ffee0-0000-4000-8000-000000000001";
    const podSandboxId = await node.runPod({
      metadata: { name: "measured", uid: podUid, namespace: "test", attempt: 0 },
      labels: { app: "measured" },
      linux: {
        cgroupParent: `${node.cgroupParent}/pod${podUid}`,
        securityContext: { namespaceOptions: { pid: 1 } },
      },
    });
    const [a, b] = [
      await node.runContainer(podSandboxId, "a", ["sh", "-c", WORK]),
      await node.runContainer(podSandboxId, "b", ["sleep", "100"]),
    ];
    await done(a);
    const { stats } = await node.runtime.podSandboxStats({ podSandboxId });
    expect(stats?.attributes).toMatchObject({
      id: podSandboxId,
      metadata: { name: "measured", uid: podUid },
      labels: { app: "measured" },
    });
    const linux = stats?.linux;
    expect(linux?.cpu?.usageCoreNanoSeconds?.value).toBeGreaterThan(0n);
    expect(linux?.memory?.workingSetBytes?.value).toBeGreaterThanOrEqual(3n * MIB);
    // sh and sleep, and the other sleep.
    expect(linux?.process?.processCount?.value).toBe(3n);
    expect(linux?.network?.defaultInterface).toMatchObject({ name: "eth0" });
    expect(linux?.network?.interfaces).toEqual([]);
    expect(linux?.containers.map(({ attributes }) => attributes?.id).sort()).toEqual([a, b].sort());
    const { stats: list } = await node.runtime.listPodSandboxStats({
      filter: { labelSelector: { app: "measured" } },
    });
    expect(list.map(({ attributes }) => attributes?.id)).toEqual([podSandboxId]);
  });

  it("is the sum over the containers where the cgroup is not the pod's alone, without network for the host's", async () => {
    const podSandboxId = await node.runPod({
      linux: node.pods.inNamespaces({ network: 2, pid: 1 }),
    });
    const nothing = await node.runtime.podSandboxStats({ podSandboxId });
    expect(nothing.stats?.linux).toMatchObject({ containers: [] });
    expect(nothing.stats?.linux?.cpu).toBeUndefined();
    await node.runContainer(podSandboxId, "a", ["sleep", "100"]);
    await node.runContainer(podSandboxId, "b", ["sleep", "100"]);
    const { stats } = await node.runtime.podSandboxStats({ podSandboxId });
    expect(stats?.linux?.process?.processCount?.value).toBe(2n);
    expect(stats?.linux?.network).toBeUndefined();
  });

  it("is refused for a pod that nobody knows, and leaves out of the list what is stopped", async () => {
    const unknown = node.runtime.podSandboxStats({ podSandboxId: "0".repeat(64) });
    expect((await failure(unknown)).code).toBe(5);
    const podSandboxId = await node.runPod();
    await node.runtime.stopPodSandbox({ podSandboxId });
    expect((await node.runtime.listPodSandboxStats({})).stats).toEqual([]);
    const { stats } = await node.runtime.podSandboxStats({ podSandboxId });
    expect(stats?.linux?.network).toBeUndefined();
  });
});

describe("ListPodSandboxMetrics", () => {
  it("has what the descriptors say, labelled as they say", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "app", ["sh", "-c", WORK], {
      linux: {
        resources: { memoryLimitInBytes: 64n * MIB, cpuShares: 512n },
        securityContext: { namespaceOptions: { pid: 1 } },
      },
    });
    await done(id);
    const { descriptors } = await node.runtime.listMetricDescriptors();
    const keys = new Map(descriptors.map(({ name, labelKeys }) => [name, labelKeys]));
    const { podMetrics } = await node.runtime.listPodSandboxMetrics();
    const [pod] = podMetrics;
    expect(podMetrics).toHaveLength(1);
    expect(pod?.podSandboxId).toBe(podSandboxId);
    const [container] = pod?.containerMetrics ?? [];
    expect(container?.containerId).toBe(id);
    const all = [...(pod?.metrics ?? []), ...(container?.metrics ?? [])];
    const read = (name: string, ...labels: readonly string[]) => {
      const found = all.filter(
        (metric) =>
          metric.name === name && labels.every((each) => metric.labelValues.includes(each)),
      );
      return found.map(({ value }) => value?.value);
    };
    for (const { name, labelValues } of all) {
      expect([name, labelValues.length]).toEqual([name, keys.get(name)?.length]);
    }
    expect(read("container_network_transmit_bytes_total", "eth0")[0]).toBeGreaterThan(0n);
    expect(read("container_processes")).toEqual([2n]);
    expect(read("container_spec_cpu_shares")).toEqual([512n]);
    expect(read("container_spec_memory_limit_bytes")).toEqual([64n * MIB]);
    expect(read("container_memory_usage_bytes")[0]).toBeGreaterThanOrEqual(3n * MIB);
    expect(read("container_memory_failures_total", "pgfault")[0]).toBeGreaterThan(0n);
    // Standard input, output, error of sh and sleep.
    expect(read("container_file_descriptors")[0]).toBeGreaterThanOrEqual(6n);
    const labels = Object.fromEntries(
      (keys.get("container_threads") ?? []).map((key, index) => [
        key,
        all.find(({ name }) => name === "container_threads")?.labelValues[index],
      ]),
    );
    expect(labels).toMatchObject({ container: "app", id, namespace: "test" });
  });
});

/** Waits until it has done what there is to do. */
async function done(containerId: string): Promise<void> {
  const { logPath } = await node.status(containerId);
  await waitFor(() => readFileSync(logPath, "utf8").includes("done"));
}
