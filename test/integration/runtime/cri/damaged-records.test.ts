// SPDX-License-Identifier: Apache-2.0
// Records that another version wrote, or that nobody can read: what runs stays known, and can be ended.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { CriNode } from "../../../helpers/cri-node.ts";

const READY = 0;
const NOT_READY = 1;
const RUNNING = 1;

let node: CriNode;
beforeAll(async () => {
  node = await CriNode.start({ subnet: "10.219.15.0/24" });
}, 60_000);
afterEach(async () => {
  await node.removePods();
  expect(node.leftovers()).toEqual([]);
});
afterAll(async () => {
  await node.remove();
}, 60_000);

/** The only pod's directory. */
function podDir(): string {
  const [uuid = ""] = readdirSync(join(node.dataDir, "pods/run"));
  return join(node.dataDir, "pods/run", uuid);
}

async function restartWith(file: string, change: (text: string) => string): Promise<void> {
  await node.killServer();
  writeFileSync(file, change(readFileSync(file, "utf8")));
  await node.startServer();
}

/** Adds a field to the record, and one to its config. */
function fromLater(text: string): string {
  const record = JSON.parse(text);
  return JSON.stringify({ ...record, later: 1, config: { ...record.config, later: { a: 1 } } });
}

describe("a record with fields of a later version", () => {
  it("is a pod's or container's that is ready and runs, as before", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "main", ["sleep", "100"]);
    await restartWith(join(podDir(), "sandbox.json"), fromLater);
    await restartWith(join(podDir(), "apps", id, "container.json"), fromLater);
    expect((await node.runtime.podSandboxStatus({ podSandboxId })).status?.state).toBe(READY);
    expect((await node.status(id)).state).toBe(RUNNING);
  }, 30_000);
});

describe("a pod's record that cannot be read", () => {
  it("keeps the pod as not ready under its name, to be stopped and removed", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "main", ["sleep", "100"]);
    const { metadata } = (await node.runtime.podSandboxStatus({ podSandboxId })).status ?? {};
    await restartWith(join(podDir(), "sandbox.json"), (text) =>
      JSON.stringify({ ...JSON.parse(text), version: 2 }),
    );
    const { items } = await node.runtime.listPodSandbox({});
    expect(items.map(({ id, state }) => ({ id, state }))).toEqual([
      { id: podSandboxId, state: NOT_READY },
    ]);
    expect(items[0]?.metadata).toEqual(metadata);
    expect((await node.status(id)).state).toBe(RUNNING);
    expect(node.log).toContain("Cannot read the record of a pod");
    await node.runtime.stopPodSandbox({ podSandboxId });
    expect((await node.status(id)).state).not.toBe(RUNNING);
    await node.runtime.removePodSandbox({ podSandboxId });
  }, 30_000);

  it("keeps a pod of which nothing can be read, with its containers", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "main", ["sleep", "100"]);
    await restartWith(join(podDir(), "sandbox.json"), () => '{"version":1,');
    const { items } = await node.runtime.listPodSandbox({});
    expect(items.map(({ state }) => state)).toEqual([NOT_READY]);
    const listed = await node.runtime.listContainers({});
    expect(listed.containers.map((each) => [each.id, each.podSandboxId])).toEqual([
      [id, items[0]?.id],
    ]);
    await node.runtime.removePodSandbox({ podSandboxId: items[0]?.id ?? "" });
  }, 30_000);
});

describe("a container's record that cannot be read", () => {
  it("hides no other container, and makes the pod not ready while that one runs", async () => {
    const podSandboxId = await node.runPod();
    const damaged = await node.runContainer(podSandboxId, "damaged", ["sleep", "100"]);
    const sound = await node.runContainer(podSandboxId, "sound", ["sleep", "100"]);
    const file = join(podDir(), "apps", damaged, "container.json");
    await restartWith(file, () => "");
    expect((await node.runtime.podSandboxStatus({ podSandboxId })).status?.state).toBe(NOT_READY);
    expect((await node.status(sound)).state).toBe(RUNNING);
    expect((await node.status(damaged)).state).toBe(RUNNING);
    expect(node.log).toContain("Cannot read the record of a container");
    await node.runtime.stopPodSandbox({ podSandboxId });
    expect((await node.status(damaged)).state).not.toBe(RUNNING);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ id: damaged, state: "exited" });
  }, 30_000);

  it("leaves the pod ready when that one has ended, and keeps what can be read", async () => {
    const podSandboxId = await node.runPod();
    const damaged = await node.runContainer(podSandboxId, "damaged", ["true"]);
    await node.exited(damaged);
    const sound = await node.runContainer(podSandboxId, "sound", ["sleep", "100"]);
    await restartWith(join(podDir(), "apps", damaged, "container.json"), (text) =>
      JSON.stringify({ ...JSON.parse(text), state: "hibernated" }),
    );
    expect((await node.runtime.podSandboxStatus({ podSandboxId })).status?.state).toBe(READY);
    expect((await node.status(sound)).state).toBe(RUNNING);
    expect(await node.status(damaged)).toMatchObject({
      state: 2,
      exitCode: 255,
      metadata: { name: "damaged" },
    });
    await node.runtime.removeContainer({ containerId: damaged });
  }, 30_000);
});
