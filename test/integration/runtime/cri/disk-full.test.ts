// SPDX-License-Identifier: Apache-2.0
// The disk with images and pods has no space left: nothing is there half, what runs goes on, and what is removed makes room.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { failure } from "../../../helpers/cri-client.ts";
import { CriNode } from "../../../helpers/cri-node.ts";
import { NODE_REGISTRY_CONFIG, startNodeRegistry } from "../../../helpers/node-registry.ts";
import { ociImage, plainLayer } from "../../../helpers/unpack.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

const MEGABYTE = 1_000_000;
const FULL = /ENOSPC|no space left|allowed or free/i;
const image = { image: "registry.test/team/large:1" };

let node: CriNode;
let endRegistry: () => void;
beforeAll(async () => {
  node = await CriNode.start({
    subnet: "10.219.12.0/24",
    dataSize: "16m",
    config: NODE_REGISTRY_CONFIG,
  });
  const content = Buffer.alloc(4 * MEGABYTE, "large ");
  endRegistry = await startNodeRegistry(node, {
    "team/large:1": ociImage([plainLayer([{ path: "large", content }])]),
  });
}, 60_000);
afterEach(async () => {
  makeRoom();
  await node.removePods();
  expect([...node.leftovers(), ...node.networkLeftovers()]).toEqual([]);
  expect(readdirSync(join(node.dataDir, "tmp"))).toEqual([]);
});
afterAll(async () => {
  await node.remove();
  endRegistry();
}, 60_000);

const ballast = () => join(node.dataDir, "ballast");

/** Fills the disk to the last byte. */
function fill(): void {
  const chunk = Buffer.alloc(64 * 1024, 1);
  for (const size of [chunk.length, 4096, 1]) {
    try {
      for (;;) {
        writeFileSync(ballast(), chunk.subarray(0, size), { flag: "a" });
      }
    } catch (error) {
      expect(error).toMatchObject({ code: "ENOSPC" });
    }
  }
}

function makeRoom(): void {
  rmSync(ballast(), { force: true });
}

describe("a full disk", () => {
  it("refuses a pull, and has nothing of the image", async () => {
    writeFileSync(ballast(), Buffer.alloc(12 * MEGABYTE, 1));
    const layers = readdirSync(join(node.dataDir, "layers"));
    expect((await failure(node.client.image.pullImage({ image }))).details).toMatch(FULL);
    expect(readdirSync(join(node.dataDir, "layers"))).toEqual(layers);
    expect((await node.client.image.imageStatus({ image })).image).toBeUndefined();
    makeRoom();
    await node.client.image.pullImage({ image });
    await node.client.image.removeImage({ image });
  }, 20_000);

  it("refuses pods and containers, and has nothing of them", async () => {
    const podSandboxId = await node.runPod();
    fill();
    const config = node.podConfig();
    expect((await failure(node.runtime.runPodSandbox({ config }))).details).toMatch(FULL);
    const container = node.pods.containerConfig("main", ["sleep", "1000"]);
    const create = { podSandboxId, config: container };
    expect((await failure(node.runtime.createContainer(create))).details).toMatch(FULL);
    expect((await node.runtime.listPodSandbox()).items.map(({ id }) => id)).toEqual([podSandboxId]);
    expect((await node.runtime.listContainers()).containers).toEqual([]);
    makeRoom();
    await node.runtime.createContainer(create);
    await node.runtime.runPodSandbox({ config });
  }, 20_000);

  it("does not keep a container from being started a second time, with another attempt", async () => {
    const podSandboxId = await node.runPod();
    const config = node.pods.containerConfig("main", ["sleep", "1000"]);
    const { containerId } = await node.runtime.createContainer({ podSandboxId, config });
    fill();
    expect((await failure(node.runtime.startContainer({ containerId }))).details).toMatch(FULL);
    makeRoom();
    expect((await node.status(containerId)).state).not.toBe(1);
    expect(node.monitors()).toEqual([]);
    const again = { ...config, metadata: { name: "main", attempt: 1 } };
    const second = await node.runtime.createContainer({ podSandboxId, config: again });
    await node.runtime.startContainer({ containerId: second.containerId });
    expect((await node.status(second.containerId)).state).toBe(1);
  }, 20_000);

  it("leaves what runs alone: commands, and the log goes on when there is room", async () => {
    const logDirectory = join(node.dataDir, "logs");
    const podSandboxId = await node.runPod({ logDirectory });
    const counting =
      "pad=$(seq -s. 300); n=0; while :; do echo $pad line $n; n=$((n+1)); sleep 0.01; done";
    const id = await node.runContainer(podSandboxId, "main", ["sh", "-c", counting]);
    const { logPath } = await node.status(id);
    const lines = () => readFileSync(logPath, "utf8").split("\n");
    await waitFor(() => lines().length > 3);
    fill();
    expect((await node.exec(id, "echo", "fine")).stdout).toBe("fine\n");
    // Until it has become silent: the last block of the log is full as well.
    const silent = async () => {
      const { length } = lines();
      await delay(100);
      return lines().length === length;
    };
    await waitFor(silent);
    expect((await node.status(id)).state).toBe(1);
    makeRoom();
    const before = lines().length;
    await waitFor(() => lines().length > before + 5);
    // conmon drops lines meanwhile; at most the last one before is cut off, and the next follows it.
    const broken = lines().filter((line) => !/^\S+ stdout F [\d.]+ line \d+$/.test(line));
    expect(broken.filter((line) => line !== "").length).toBeLessThanOrEqual(1);
    rmSync(logDirectory, { recursive: true });
  }, 20_000);

  it("records how containers end, and lets pods be stopped and removed", async () => {
    const podSandboxId = await node.runPod();
    const config = { mounts: [{ containerPath: "/ctl", hostPath: node.dir }] };
    const waiting = "until [ -e /ctl/end ]; do sleep 0.05; done; exit 3";
    const ending = await node.runContainer(podSandboxId, "ending", ["sh", "-c", waiting], config);
    const running = await node.runContainer(podSandboxId, "running", ["sleep", "1000"]);
    fill();
    writeFileSync(join(node.dir, "end"), "");
    expect(await node.exited(ending)).toMatchObject({ exitCode: 3, reason: "Error" });
    await node.runtime.stopContainer({ containerId: running, timeout: 0n });
    expect(await node.status(running)).toMatchObject({ state: 2, exitCode: 137 });
    await node.killServer();
    await node.startServer();
    expect(await node.status(ending)).toMatchObject({ state: 2, exitCode: 3 });
    expect(await node.status(running)).toMatchObject({ state: 2, exitCode: 137 });
    await node.runtime.stopPodSandbox({ podSandboxId });
    await node.runtime.removePodSandbox({ podSandboxId });
    rmSync(join(node.dir, "end"));
  }, 30_000);
});
