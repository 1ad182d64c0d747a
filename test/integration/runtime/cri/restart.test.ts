// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { readContainerRecord } from "../../../../runtime/pod/container-record.ts";
import { readSandboxRecord, writeSandboxRecord } from "../../../../runtime/pod/sandbox-record.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";
import { CriNode } from "../../../helpers/cri-node.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

const system = linuxSystem();
let node: CriNode;
beforeAll(async () => {
  node = await CriNode.start({ subnet: "10.219.8.0/24" });
}, 60_000);
afterEach(async () => {
  await node.removePods();
});
afterAll(async () => {
  await node.remove();
}, 60_000);

const SECOND_NS = 1_000_000_000n;

async function processOf(podSandboxId: string, containerId: string) {
  const uuid = (await sandboxRecord(podSandboxId)).uuid;
  const record = await readContainerRecord(
    system,
    join(node.dataDir, "pods/run", uuid, "apps", containerId),
  );
  return record?.process;
}

async function sandboxRecord(podSandboxId: string) {
  for (const uuid of readdirSync(join(node.dataDir, "pods/run"))) {
    const record = await readSandboxRecord(system, join(node.dataDir, "pods/run", uuid));
    if (record?.id === podSandboxId) {
      return record;
    }
  }
  throw new Error(`No pod ${podSandboxId}`);
}

describe("kill -9 of the server", () => {
  it("loses nothing: ended, ending and running containers are what they are (CRI-07)", async () => {
    const podSandboxId = await node.runPod();
    const a = await node.runContainer(podSandboxId, "a", ["true"]);
    const before = await node.exited(a);
    expect(before.exitCode).toBe(0);
    const end = join(node.dir, "end-b");
    const b = await node.runContainer(
      podSandboxId,
      "b",
      ["sh", "-c", "until [ -e /ctl/end-b ]; do sleep 0.05; done; exit 3"],
      { mounts: [{ containerPath: "/ctl", hostPath: node.dir }] },
    );
    const c = await node.runContainer(podSandboxId, "c", [
      "sh",
      "-c",
      "n=0; while :; do echo line $n; n=$((n+1)); sleep 0.02; done",
    ]);
    const processBefore = await processOf(podSandboxId, c);

    await node.killServer();
    writeFileSync(end, "");
    const endedAt = BigInt(Date.now()) * 1_000_000n;
    const exitFile = join(
      node.dataDir,
      "pods/run",
      (await sandboxRecord(podSandboxId)).uuid,
      "apps",
      b,
      "exit",
    );
    await waitFor(() => existsSync(exitFile));
    await node.startServer();

    const afterA = await node.status(a);
    expect(afterA).toMatchObject({ state: 2, exitCode: 0 });
    expect(afterA.finishedAt).toBe(before.finishedAt);
    const afterB = await node.status(b);
    expect(afterB).toMatchObject({ state: 2, exitCode: 3 });
    expect(afterB.finishedAt - endedAt).toBeLessThan(SECOND_NS);
    expect((await node.status(c)).state).toBe(1);
    expect(await processOf(podSandboxId, c)).toEqual(processBefore);
    expect(await node.exec(c, "echo", "again")).toMatchObject({ stdout: "again\n" });
    expect((await node.runtime.podSandboxStatus({ podSandboxId })).status?.state).toBe(0);

    await node.runtime.stopContainer({ containerId: c, timeout: 0n });
    const log = readFileSync((await node.status(c)).logPath, "utf8");
    const numbers = [...log.matchAll(/ line (\d+)$/gm)].map((match) => Number(match[1]));
    expect(numbers).toEqual(numbers.map((_, index) => index));
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  }, 30_000);

  it("in the middle of pods being made and removed leaves nothing that nobody knows", async () => {
    for (const delayMs of [5, 20, 45, 80, 120, 180, 260, 350]) {
      const config = node.podConfig();
      const making = node.runtime
        .runPodSandbox({ config })
        .then(({ podSandboxId }) => node.runContainer(podSandboxId, "main", ["sleep", "100"]))
        .then((containerId) => node.runtime.stopContainer({ containerId, timeout: 0n }))
        .catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await node.killServer();
      await making;
      await node.startServer();
      // The kubelet's next try: finds the first or makes a new one, never a second.
      const { podSandboxId } = await node.runtime.runPodSandbox({ config });
      const { items } = await node.runtime.listPodSandbox();
      expect(items.map(({ id }) => id)).toEqual([podSandboxId]);
      const known = (await node.runtime.listContainers()).containers;
      expect(known.length).toBeLessThanOrEqual(1);
      for (const { id } of known) {
        expect([1, 2]).toContain(
          (await node.status(id)).state === 0 ? 2 : (await node.status(id)).state,
        );
      }
      await node.runtime.removePodSandbox({ podSandboxId });
      await waitFor(() => node.leftovers().length === 0, 5000).catch(() => {});
      expect({ delayMs, left: node.leftovers() }).toEqual({ delayMs, left: [] });
    }
  }, 90_000);
});

describe("another boot", () => {
  it("pods are not ready, containers have ended, and both can be removed", async () => {
    const podSandboxId = await node.runPod();
    const running = await node.runContainer(podSandboxId, "running", ["sleep", "100"]);
    const record = await sandboxRecord(podSandboxId);
    const podDir = join(node.dataDir, "pods/run", record.uuid);
    await node.killServer();
    await writeSandboxRecord(system, podDir, { ...record, bootId: "another" });
    const file = join(podDir, "apps", running, "container.json");
    const text = readFileSync(file, "utf8").replace(record.bootId, "another");
    writeFileSync(file, text);
    await node.startServer();
    expect((await node.runtime.podSandboxStatus({ podSandboxId })).status?.state).toBe(1);
    expect(await node.status(running)).toMatchObject({ state: 2, exitCode: 255 });
    await node.runtime.stopPodSandbox({ podSandboxId });
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  });
});

describe("a monitor that is killed", () => {
  it("leaves the container running, and its end is noticed all the same", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "main", ["sleep", "100"]);
    const { uuid } = await sandboxRecord(podSandboxId);
    const pidFile = join(node.dataDir, "pods/run", uuid, "apps", id, "conmon-pidfile");
    process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
    await node.runtime.stopContainer({ containerId: id, timeout: 0n });
    expect(await node.status(id)).toMatchObject({ state: 2, exitCode: 255 });
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  }, 30_000);
});

describe("a second server over the same pods", () => {
  it("is refused with one line", () => {
    expect(() =>
      node.run(
        process.execPath,
        "--disable-warning=ExperimentalWarning",
        join(import.meta.dirname, "../../../../runtime/cli/main.ts"),
        "cri",
        `--dir=${node.dataDir}`,
        `--state-dir=${join(node.dir, "s")}`,
      ),
    ).toThrow(/cri: Cannot serve: another CRI server holds/);
  });
});

it("SIGTERM ends the server and no container", async () => {
  const podSandboxId = await node.runPod();
  const id = await node.runContainer(podSandboxId, "main", ["sleep", "100"]);
  const before = await processOf(podSandboxId, id);
  await node.killServer("SIGTERM");
  await node.startServer();
  expect((await node.status(id)).state).toBe(1);
  expect(await processOf(podSandboxId, id)).toEqual(before);
  await node.runtime.removePodSandbox({ podSandboxId });
});
