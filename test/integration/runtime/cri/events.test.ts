// SPDX-License-Identifier: Apache-2.0
// What the server tells in streams: events of pods and containers, and lists in parts.
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { failure } from "../../../helpers/cri-client.ts";
import { CriNode } from "../../../helpers/cri-node.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

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

const KINDS = ["created", "started", "stopped", "deleted"];

/** Collects events until it is told to stop; by then the stream must have begun. */
function listen() {
  const stream = node.runtime.getContainerEvents();
  const told: { kind: string | undefined; id: string; pod: number; containers: number[] }[] = [];
  const ended = (async () => {
    for await (const event of stream) {
      told.push({
        kind: KINDS[event.containerEventType],
        id: event.containerId,
        pod: event.podSandboxStatus?.state ?? -1,
        containers: event.containersStatuses.map(({ state }) => state),
      });
    }
  })();
  return { told, ended, cancel: () => stream.cancel() };
}

/** A stream is there only when the server has seen its request: its first event says so. */
async function listening() {
  const listener = listen();
  await waitFor(async () => {
    const podSandboxId = await node.runPod({ linux: { securityContext: HOST_NETWORK } });
    await node.runtime.removePodSandbox({ podSandboxId });
    return listener.told.length > 0;
  });
  await waitFor(() => listener.told.at(-1)?.kind === "deleted");
  listener.told.length = 0;
  return listener;
}

const HOST_NETWORK = { namespaceOptions: { network: 2, pid: 1 } } as const;

describe("GetContainerEvents", () => {
  it("tells a pod's life with the statuses of each moment", async () => {
    const listener = await listening();
    const podSandboxId = await node.runPod();
    const containerId = await node.runContainer(podSandboxId, "a", ["true"]);
    await node.exited(containerId);
    await node.runtime.removeContainer({ containerId });
    await node.runtime.removePodSandbox({ podSandboxId });
    await waitFor(() => listener.told.length >= 8);
    const [ready, notReady] = [0, 1];
    const [created, running, exited] = [0, 1, 2];
    expect(listener.told).toEqual([
      { kind: "created", id: podSandboxId, pod: ready, containers: [] },
      { kind: "started", id: podSandboxId, pod: ready, containers: [] },
      { kind: "created", id: containerId, pod: ready, containers: [created] },
      { kind: "started", id: containerId, pod: ready, containers: [running] },
      { kind: "stopped", id: containerId, pod: ready, containers: [exited] },
      { kind: "deleted", id: containerId, pod: ready, containers: [] },
      { kind: "stopped", id: podSandboxId, pod: notReady, containers: [] },
      { kind: "deleted", id: podSandboxId, pod: notReady, containers: [] },
    ]);
    listener.cancel();
    await expect(listener.ended).rejects.toMatchObject({ code: 1 });
  });

  it("does not keep the server from ending", async () => {
    const listener = await listening();
    const startedAt = Date.now();
    await node.killServer("SIGTERM");
    await listener.ended;
    expect(Date.now() - startedAt).toBeLessThan(2000);
    await node.startServer();
  });
});

describe("SIGTERM", () => {
  it("lets calls under way be answered", async () => {
    const podSandboxId = await node.runPod();
    const containerId = await node.runContainer(podSandboxId, "a", ["sleep", "100"]);
    const started = node.exec(containerId, "sh", "-c", "touch /begun; sleep 0.5; echo answered");
    await waitFor(async () => (await node.exec(containerId, "ls", "/begun")).exitCode === 0);
    await node.killServer("SIGTERM");
    expect((await started).stdout).toBe("answered\n");
    await node.startServer();
  });
});

describe("SIGTERM, with clients that do not go", () => {
  it("ends the server all the same: one that never said a word, one whose call takes long", async () => {
    const podSandboxId = await node.runPod();
    const containerId = await node.runContainer(podSandboxId, "a", ["sleep", "100"]);
    const silent = connect(node.socket);
    const closed = once(silent.resume(), "close");
    await once(silent, "connect");
    const call = failure(node.exec(containerId, "sh", "-c", "touch /begun; sleep 30"));
    await waitFor(async () => (await node.exec(containerId, "ls", "/begun")).exitCode === 0);
    await node.killServer("SIGTERM");
    await closed;
    expect((await call).code).not.toBe(0);
    await node.startServer();
  }, 20_000);
});

describe("the lists in parts", () => {
  it("have what the lists have", async () => {
    const podSandboxId = await node.runPod({ labels: { of: "parts" } });
    const containerId = await node.runContainer(podSandboxId, "a", ["sleep", "100"]);
    await node.runPod();
    const { runtime, client } = node;
    const filter = { labelSelector: { of: "parts" } };
    const pods = await all(runtime.streamPodSandboxes({ filter }));
    expect(pods.flatMap(({ podSandboxes }) => podSandboxes.map(({ id }) => id))).toEqual([
      podSandboxId,
    ]);
    const containers = await all(runtime.streamContainers({}));
    expect(containers.flatMap((part) => part.containers.map(({ id }) => id))).toEqual([
      containerId,
    ]);
    const stats = await all(runtime.streamContainerStats({}));
    expect(
      stats.flatMap((part) => part.containerStats.map(({ attributes }) => attributes?.id)),
    ).toEqual([containerId]);
    const podStats = await all(runtime.streamPodSandboxStats({ filter }));
    expect(
      podStats.flatMap((part) => part.podSandboxStats.map(({ attributes }) => attributes?.id)),
    ).toEqual([podSandboxId]);
    const metrics = await all(runtime.streamPodSandboxMetrics({}));
    expect(metrics.flatMap((part) => part.podSandboxMetrics)).toHaveLength(2);
    const images = await all(client.image.streamImages({}));
    expect(images.flatMap((part) => part.images)).toEqual(
      (await client.image.listImages({})).images,
    );
    expect(await all(runtime.streamContainers({ filter: { id: "0".repeat(64) } }))).toEqual([]);
  });
});

async function all<Message>(stream: AsyncIterable<Message>): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for await (const message of stream) {
    messages.push(message);
  }
  return messages;
}
