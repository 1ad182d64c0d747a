// SPDX-License-Identifier: Apache-2.0
// Programs that the server needs fail, hang or die: each time the request ends within its limit and says why, others are not
// held up, and what is left can be removed as soon as the program works again.
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { failure } from "../../../helpers/cri-client.ts";
import { CriNode } from "../../../helpers/cri-node.ts";
import { FaultyPrograms } from "../../../helpers/faulty-programs.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

const LIMIT_MS = 2000;
/** What a request may take beyond the limits that it ran into. */
const SLACK_MS = 3000;
const [DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE] = [4, 13, 14];

/** Of a registry that has stopped to speak: what the fetcher waits for. */
const IDLE_MS = 30_000;
const STALLED = ["headers", "manifest", "blob"] as const;

const programs = new FaultyPrograms();
let node: CriNode;
let registry: ChildProcess;
/** Begun long before they are looked at, so that what crun and conmon do happens while they hang. */
let pulls: readonly Promise<{ readonly ms: number; readonly details: string }>[];
beforeAll(async () => {
  node = await CriNode.start({
    subnet: "10.219.11.0/24",
    programs: programs.dir,
    config: {
      "registries.d/stalled.json": JSON.stringify({
        rktKind: "registries",
        rktVersion: "v1",
        mirrors: [{ prefix: "stalled.test", location: "http://127.0.0.1:5001" }],
      }),
    },
    serverArgs: [
      `--cni-bin-dir=${programs.dir}`,
      `--runtime-timeout=${LIMIT_MS}ms`,
      `--plugin-timeout=${LIMIT_MS}ms`,
    ],
  });
  registry = node.spawn(process.execPath, [STALLING_REGISTRY]);
  await waitFor(() => node.run("ss", "-ltn").includes("127.0.0.1:5001"));
  const network = join(node.dir, "etc/net.d/10-pods.conflist");
  const text = readFileSync(network, "utf8");
  writeFileSync(network, text.replace('"type":"bridge"', `"type":"${FaultyPrograms.PLUGIN}"`));
}, 60_000);
afterEach(async () => {
  await node.removePods();
  expect(programs.pending).toEqual([]);
  expect([...node.leftovers(), ...node.networkLeftovers()]).toEqual([]);
}, 20_000);
afterAll(async () => {
  await node.remove();
  registry.kill("SIGKILL");
  programs.remove();
}, 60_000);

const STALLING_REGISTRY = join(import.meta.dirname, "../../../fixtures/registry/stalling.ts");

/** Ends in time, however it ends. */
async function bounded<T>(limits: number, running: Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await running;
  expect(performance.now() - startedAt).toBeLessThan(limits * LIMIT_MS + SLACK_MS);
  return result;
}

/** Plugins of this node that run; the folder of the faulty ones is in their environment. */
function pluginProcesses(): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      return environment.includes("CNI_COMMAND=") && environment.includes(programs.dir);
    } catch {
      return false; // no process, or it has ended
    }
  });
}

async function createdContainer(podSandboxId: string, name: string): Promise<string> {
  const config = node.pods.containerConfig(name, ["sleep", "1000"]);
  return (await node.runtime.createContainer({ podSandboxId, config })).containerId;
}

describe("a CNI plugin", () => {
  it("that hangs holds up its own pod alone, until the limit", async () => {
    programs.next("faulty", "ADD", "silence");
    const stuck = bounded(1, failure(node.runPod()));
    await waitFor(() => programs.hasHappened("faulty", "ADD"));
    const startedAt = performance.now();
    for (let n = 0; n < 20; n++) {
      expect((await node.runtime.listPodSandbox()).items).toEqual([]);
      expect((await node.runtime.listContainers()).containers).toEqual([]);
    }
    const other = await node.runContainer(await node.runPod(), "main", ["sleep", "1000"]);
    expect((await node.exec(other, "echo", "fine")).stdout).toBe("fine\n");
    expect(performance.now() - startedAt).toBeLessThan(LIMIT_MS);
    expect(await stuck).toEqual({
      code: DEADLINE_EXCEEDED,
      details: expect.stringMatching(
        /^Cannot attach pod "\S+" to network "pods": Cannot run CNI plugin "faulty" \(ADD\): no answer within 2000 ms$/,
      ),
    });
    expect((await node.runtime.listPodSandbox()).items).toHaveLength(1);
  }, 20_000);

  it("that hangs is ended by the next server, when its own was killed", async () => {
    programs.next("faulty", "ADD", "silence");
    const config = node.podConfig();
    const stuck = failure(node.runtime.runPodSandbox({ config }));
    await waitFor(() => programs.hasHappened("faulty", "ADD"));
    await waitFor(() => pluginProcesses().length === 1);
    await node.killServer();
    expect((await stuck).code).toBe(UNAVAILABLE);
    expect(pluginProcesses()).toHaveLength(1);
    await node.startServer();
    // The next try waits until the first is taken away.
    const { podSandboxId } = await node.runtime.runPodSandbox({ config });
    expect((await node.runtime.listPodSandbox()).items.map(({ id }) => id)).toEqual([podSandboxId]);
    expect(pluginProcesses()).toEqual([]);
  }, 20_000);

  it("that fails gives its reason, and nothing of the pod is left", async () => {
    programs.next("faulty", "ADD", "failure");
    expect(await failure(node.runPod())).toEqual({
      code: INTERNAL,
      details: expect.stringMatching(/CNI plugin "faulty" failed \(ADD\): exit code 1: faulty is/),
    });
    expect((await node.runtime.listPodSandbox()).items).toEqual([]);
  });

  it("that can neither add nor delete leaves a stopped pod, which goes when it can", async () => {
    programs.next("faulty", "ADD", "failure");
    // Once for what the failed ADD may have left, once for the pod.
    programs.next("faulty", "DEL", "failure", "failure");
    expect((await failure(node.runPod())).details).toMatch(/failed \(ADD\)/);
    const [pod] = (await node.runtime.listPodSandbox()).items;
    expect(pod?.state).toBe(1);
    programs.next("faulty", "DEL", "failure");
    const podSandboxId = pod?.id ?? "";
    expect(await failure(node.runtime.removePodSandbox({ podSandboxId }))).toMatchObject({
      code: INTERNAL,
      details: expect.stringMatching(/failed \(DEL\): exit code 1/),
    });
    // Also for a server that did not see it happen.
    await node.killServer();
    await node.startServer();
    expect((await node.runtime.listPodSandbox()).items.map(({ id }) => id)).toEqual([podSandboxId]);
    await node.runtime.removePodSandbox({ podSandboxId });
  }, 20_000);

  it("that hangs when a pod is stopped is tried again with the next request", async () => {
    const podSandboxId = await node.runPod();
    programs.next("faulty", "DEL", "silence");
    const stuck = await bounded(1, failure(node.runtime.stopPodSandbox({ podSandboxId })));
    expect(stuck.code).toBe(DEADLINE_EXCEEDED);
    expect((await node.runtime.podSandboxStatus({ podSandboxId })).status?.state).toBe(1);
    await node.runtime.stopPodSandbox({ podSandboxId });
    expect(node.networkLeftovers()).toEqual([]);
  }, 20_000);
});

describe("crun", () => {
  beforeAll(() => {
    pulls = STALLED.map(async (where) => {
      const startedAt = performance.now();
      const image = { image: `stalled.test/${where}:1` };
      const { details } = await failure(node.client.image.pullImage({ image }));
      return { ms: performance.now() - startedAt, details };
    });
  });

  it.each(["create", "start"])(
    "that fails at %s ends the container with its words",
    async (verb) => {
      const containerId = await createdContainer(await node.runPod(), "main");
      programs.next("crun", verb, "failure");
      expect(await failure(node.runtime.startContainer({ containerId }))).toEqual({
        code: INTERNAL,
        details: expect.stringMatching(/^Cannot (create|start) app "\S+": crun is out of order$/),
      });
      const status = await node.status(containerId);
      expect(status).toMatchObject({ state: 2, reason: "StartError", exitCode: 128 });
      expect(status.message).toMatch(/crun is out of order/);
    },
  );

  it.each(["create", "start"])(
    "that hangs at %s ends the container at the limit, also for StopContainer",
    async (verb) => {
      const podSandboxId = await node.runPod();
      const containerId = await createdContainer(podSandboxId, "main");
      programs.next("crun", verb, "silence");
      const starting = bounded(1, failure(node.runtime.startContainer({ containerId })));
      await waitFor(() => programs.hasHappened("crun", verb));
      const stopping = bounded(1, node.runtime.stopContainer({ containerId, timeout: 0n }));
      const other = await node.runContainer(podSandboxId, "other", ["sleep", "1000"]);
      expect((await node.exec(other, "true")).exitCode).toBe(0);
      expect(await starting).toEqual({
        code: DEADLINE_EXCEEDED,
        details: expect.stringMatching(/ did not (answer|end) within 2 s/),
      });
      await stopping;
      expect(await node.status(containerId)).toMatchObject({ state: 2, reason: "StartError" });
      expect(node.monitors()).toHaveLength(1);
    },
    20_000,
  );

  it("that fails or hangs at exec fails the command alone", async () => {
    const containerId = await node.runContainer(await node.runPod(), "main", ["sleep", "1000"]);
    programs.next("crun", "exec", "failure");
    expect(await node.exec(containerId, "true")).toMatchObject({
      exitCode: 1,
      stderr: "crun is out of order\n",
    });
    programs.next("crun", "exec", "silence");
    const request = { containerId, cmd: ["true"], timeout: 1n };
    expect(await bounded(0, failure(node.runtime.execSync(request)))).toMatchObject({
      code: DEADLINE_EXCEEDED,
    });
    expect((await node.exec(containerId, "echo", "fine")).stdout).toBe("fine\n");
  }, 20_000);

  it("that fails or hangs at kill fails the stop, which can be repeated", async () => {
    const containerId = await node.runContainer(await node.runPod(), "main", ["sleep", "1000"]);
    const stop = () => node.runtime.stopContainer({ containerId, timeout: 0n });
    programs.next("crun", "kill", "failure");
    expect(await failure(stop())).toMatchObject({
      code: INTERNAL,
      details: expect.stringMatching(/^Cannot signal app "\S+": crun is out of order$/),
    });
    programs.next("crun", "kill", "silence");
    expect(await bounded(1, failure(stop()))).toMatchObject({ code: DEADLINE_EXCEEDED });
    expect((await node.status(containerId)).state).toBe(1);
    await stop();
    expect(await node.status(containerId)).toMatchObject({ state: 2, exitCode: 137 });
  }, 20_000);

  it("that fails to delete what has ended does it when the container is removed", async () => {
    programs.next("crun", "delete", "failure");
    const containerId = await node.runContainer(await node.runPod(), "main", ["true"]);
    expect(await node.exited(containerId)).toMatchObject({ exitCode: 0, reason: "Completed" });
    await waitFor(() => programs.hasHappened("crun", "delete"));
    await node.runtime.removeContainer({ containerId });
    expect(node.cgroups()).toEqual([]);
  });

  it("that hangs when it starts the process of a shared pid namespace fails the pod", async () => {
    programs.next("crun", "run", "silence");
    const sharedPid = node.runPod({
      linux: node.pods.inNamespaces({ pid: 0 }),
    });
    const stuck = await bounded(1, failure(sharedPid));
    expect(stuck).toEqual({
      code: DEADLINE_EXCEEDED,
      details: "Cannot start the init process of a pod: crun did not end within 2 s",
    });
    expect((await node.runtime.listPodSandbox()).items).toEqual([]);
  }, 20_000);
});

describe("conmon", () => {
  it.each(["failure", "death"] as const)("that ends by %s ends the container", async (fault) => {
    const containerId = await createdContainer(await node.runPod(), "main");
    programs.next("conmon", "run", fault);
    expect(await failure(node.runtime.startContainer({ containerId }))).toEqual({
      code: INTERNAL,
      details: expect.stringMatching(/conmon (is out of order|ended without a word)$/),
    });
    expect(await node.status(containerId)).toMatchObject({ state: 2, reason: "StartError" });
  });

  it("that never reports is killed at the limit", async () => {
    const containerId = await createdContainer(await node.runPod(), "main");
    programs.next("conmon", "run", "silence");
    expect(await bounded(1, failure(node.runtime.startContainer({ containerId })))).toMatchObject({
      code: DEADLINE_EXCEEDED,
      details: expect.stringMatching(/conmon and crun did not answer within 2 s$/),
    });
    expect(await node.status(containerId)).toMatchObject({ state: 2, reason: "StartError" });
  }, 20_000);

  it("that dies while crun creates the container ends it, and crun with it", async () => {
    const containerId = await createdContainer(await node.runPod(), "main");
    programs.next("crun", "create", "silence");
    const starting = bounded(0, failure(node.runtime.startContainer({ containerId })));
    await waitFor(() => programs.hasHappened("crun", "create"));
    for (const pid of node.monitorPids()) {
      process.kill(pid, "SIGKILL");
    }
    expect(await starting).toMatchObject({ code: INTERNAL });
    expect(await node.status(containerId)).toMatchObject({ state: 2, reason: "StartError" });
  }, 20_000);
});

describe("a registry", () => {
  it.each(STALLED.map((where, index) => [where, index] as const))(
    "that stalls in the %s fails the pull at its limit, and only it",
    async (where, index) => {
      const ended = await pulls[index];
      expect(ended?.details).toMatch(
        /^RegistryUnavailable: Cannot fetch .*no (answer|data) for 30 seconds$/,
      );
      expect(ended?.ms).toBeGreaterThan(IDLE_MS - 1000);
      expect(ended?.ms).toBeLessThan(IDLE_MS + SLACK_MS);
      const image = { image: `stalled.test/${where}:1` };
      expect((await node.client.image.imageStatus({ image })).image).toBeUndefined();
      expect(readdirSync(join(node.dataDir, "tmp"))).toEqual([]);
    },
    IDLE_MS + 10_000,
  );

  it("that stalls lets go of a client that gives up", async () => {
    const image = { image: "stalled.test/headers:2" };
    const options = { timeoutMs: 300 };
    const gaveUp = failure(node.client.image.pullImage({ image }, options));
    expect((await bounded(0, gaveUp)).code).toBe(DEADLINE_EXCEEDED);
    await waitFor(() => !node.run("ss", "-tn", "dst", "127.0.0.1:5001").includes("ESTAB"));
  });
});
