// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, renameSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { failure } from "../../../helpers/cri-client.ts";
import { BUSYBOX, CriNode } from "../../../helpers/cri-node.ts";

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

const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;

describe("Version and Status", () => {
  it("say who we are and that pods can run", async () => {
    const version = await node.runtime.version();
    expect(version.runtimeName).toBe("corefly");
    expect(version.runtimeApiVersion).toBe("v1");
    const { status, runtimeHandlers } = await node.runtime.status();
    expect(status?.conditions.map(({ type, status: ok }) => [type, ok])).toEqual([
      ["RuntimeReady", true],
      ["NetworkReady", true],
    ]);
    expect(runtimeHandlers.map(({ name }) => name)).toEqual(["", "oci"]);
  });
});

describe("a pod with a container", () => {
  it("runs, logs, answers commands, ends with its code and leaves nothing", async () => {
    const config = node.podConfig({
      labels: { app: "x" },
      annotations: { note: "y" },
      dnsConfig: { servers: ["192.0.2.1"], searches: ["a.test"], options: ["ndots:5"] },
    });
    const { podSandboxId } = await node.runtime.runPodSandbox({ config });
    const { status: pod } = await node.runtime.podSandboxStatus({ podSandboxId });
    expect(pod).toMatchObject({
      state: 0,
      metadata: config.metadata,
      labels: { app: "x" },
      annotations: { note: "y" },
    });
    expect(pod?.network?.ip).toMatch(/^10\.219\.7\.\d+$/);

    const id = await node.runContainer(podSandboxId, "main", [
      "sh",
      "-c",
      "echo out; echo err >&2; cat /etc/resolv.conf; hostname; trap 'exit 3' TERM; while :; do sleep 0.1; done",
    ]);
    expect(await node.exec(id, "sh", "-c", "echo one; echo two >&2; exit 5")).toEqual({
      exitCode: 5,
      stdout: "one\n",
      stderr: "two\n",
    });
    await node.runtime.stopContainer({ containerId: id, timeout: 10n });
    const status = await node.status(id);
    expect(status).toMatchObject({ state: 2, exitCode: 3, reason: "Error" });
    expect(status.finishedAt >= status.startedAt).toBe(true);

    const log = readFileSync(status.logPath, "utf8");
    for (const line of log.trim().split("\n")) {
      expect(line).toMatch(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d) (stdout|stderr) [FP] /,
      );
    }
    expect(log).toContain(" stdout F out\n");
    expect(log).toContain(" stderr F err\n");
    expect(log).toContain(" stdout F search a.test\n");
    expect(log).toContain(" stdout F nameserver 192.0.2.1\n");
    expect(log).toContain(" stdout F options ndots:5\n");
    expect(log).toContain(` stdout F ${config.hostname}\n`);

    await node.runtime.stopPodSandbox({ podSandboxId });
    expect((await node.runtime.podSandboxStatus({ podSandboxId })).status?.state).toBe(1);
    await node.runtime.removePodSandbox({ podSandboxId });
    expect((await failure(node.runtime.podSandboxStatus({ podSandboxId }))).code).toBe(NOT_FOUND);
    expect((await failure(node.runtime.containerStatus({ containerId: id }))).code).toBe(NOT_FOUND);
    expect(node.leftovers()).toEqual([]);
  });

  it("tells the kubelet why it cannot start, and may be removed", async () => {
    const podSandboxId = await node.runPod();
    const { containerId } = await node.runtime.createContainer({
      podSandboxId,
      config: {
        metadata: { name: "bad" },
        image: { image: BUSYBOX },
        command: ["no-such-program"],
        logPath: "bad/0.log",
      },
    });
    const { details } = await failure(node.runtime.startContainer({ containerId }));
    expect(details).toContain("no-such-program");
    expect(await node.status(containerId)).toMatchObject({ state: 2, exitCode: 128 });
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  });

  it("keeps the request's mounts and names in its status", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "main", ["sleep", "100"], {
      mounts: [{ containerPath: "/data", hostPath: node.dir, readonly: true }],
      envs: [{ key: "A", value: Buffer.from("b") }],
      labels: { l: "1" },
      annotations: { a: "2" },
      image: { image: BUSYBOX, userSpecifiedImage: "busybox-as-written" },
    });
    const status = await node.status(id);
    expect(status.mounts).toHaveLength(1);
    expect(status.mounts[0]).toMatchObject({
      containerPath: "/data",
      hostPath: node.dir,
      readonly: true,
    });
    expect(status).toMatchObject({
      state: 1,
      labels: { l: "1" },
      annotations: { a: "2" },
      image: { image: "busybox-as-written" },
    });
    expect(status.imageRef).toBe(status.imageId);
    expect(status.imageRef).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect((await node.exec(id, "sh", "-c", "echo $A; touch /data/x || echo ro")).stdout).toBe(
      "b\nro\n",
    );
    await node.runtime.removePodSandbox({ podSandboxId });
  });
});

describe("idempotence", () => {
  it("an unknown pod or container is a stopped and removed one", async () => {
    const unknown = "f".repeat(64);
    await node.runtime.stopPodSandbox({ podSandboxId: unknown });
    await node.runtime.removePodSandbox({ podSandboxId: unknown });
    await node.runtime.stopContainer({ containerId: unknown, timeout: 0n });
    await node.runtime.removeContainer({ containerId: unknown });
  });

  it("the same RunPodSandbox finds the pod that it has made", async () => {
    const config = node.podConfig();
    const [first, second] = await Promise.all([
      node.runtime.runPodSandbox({ config }),
      node.runtime.runPodSandbox({ config }),
    ]);
    expect(second.podSandboxId).toBe(first.podSandboxId);
    const { podSandboxId } = first;
    await Promise.all([
      node.runtime.stopPodSandbox({ podSandboxId }),
      node.runtime.stopPodSandbox({ podSandboxId }),
      node.runtime.removePodSandbox({ podSandboxId }),
      node.runtime.removePodSandbox({ podSandboxId }),
    ]);
    expect(node.leftovers()).toEqual([]);
  });

  it("a later stop with less time shortens an earlier one", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "main", [
      "sh",
      "-c",
      "trap '' TERM; while :; do sleep 0.1; done",
    ]);
    const startedAt = performance.now();
    const slow = node.runtime.stopContainer({ containerId: id, timeout: 30n });
    await node.runtime.stopContainer({ containerId: id, timeout: 0n });
    await slow;
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(await node.status(id)).toMatchObject({ state: 2, exitCode: 137 });
    await node.runtime.removePodSandbox({ podSandboxId });
  });
});

describe("ExecSync", () => {
  it("kills the whole tree when its time is over, and says so", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "main", ["sleep", "100"]);
    const { code } = await failure(
      node.runtime.execSync({
        containerId: id,
        cmd: ["sh", "-c", "sleep 77 & sleep 78"],
        timeout: 1n,
      }),
    );
    expect(code).toBe(4);
    expect((await node.exec(id, "ps")).stdout).not.toMatch(/sleep 7[78]/);
    await node.runtime.stopContainer({ containerId: id, timeout: 0n });
    expect(
      (await failure(node.runtime.execSync({ containerId: id, cmd: ["true"], timeout: 1n }))).code,
    ).toBe(FAILED_PRECONDITION);
    await node.runtime.removePodSandbox({ podSandboxId });
  });

  it("returns more output than a pipe holds, and drops what no client could take", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "main", ["sleep", "100"]);
    const result = await node.runtime.execSync({
      containerId: id,
      cmd: ["sh", "-c", "head -c 1000000 /dev/zero; head -c 20000000 /dev/zero >&2"],
      timeout: 20n,
    });
    expect(result.exitCode).toBe(0);
    expect(result.stdout.length).toBe(1_000_000);
    expect(result.stderr.length).toBeGreaterThan(14_000_000);
    await node.runtime.removePodSandbox({ podSandboxId });
  });
});

describe("times longer than a timer's", () => {
  it("are no end at once, neither of a command nor of a container", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "main", [
      "sh",
      "-c",
      "trap 'sleep 0.5; exit 7' TERM; while :; do sleep 0.05; done",
    ]);
    const forever = 2n ** 62n;
    const command = ["sh", "-c", "sleep 0.5; echo done"];
    const { stdout } = await node.runtime.execSync({
      containerId: id,
      cmd: command,
      timeout: forever,
    });
    expect(stdout.toString()).toBe("done\n");
    await node.runtime.stopContainer({ containerId: id, timeout: forever });
    expect(await node.status(id)).toMatchObject({ state: 2, exitCode: 7 });
    await node.runtime.removePodSandbox({ podSandboxId });
  });
});

describe("ReopenContainerLog", () => {
  it("has the new file when it answers, and no line is lost", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "main", [
      "sh",
      "-c",
      "n=0; while [ $n -lt 200 ]; do echo line $n; n=$((n+1)); sleep 0.005; done",
    ]);
    const { logPath } = await node.status(id);
    renameSync(logPath, `${logPath}.old`);
    await node.runtime.reopenContainerLog({ containerId: id });
    expect(existsSync(logPath)).toBe(true);
    await node.exited(id);
    const text = readFileSync(`${logPath}.old`, "utf8") + readFileSync(logPath, "utf8");
    expect(text.match(/ line \d+\n/g)).toHaveLength(200);
    expect((await failure(node.runtime.reopenContainerLog({ containerId: id }))).code).toBe(
      FAILED_PRECONDITION,
    );
    await node.runtime.removePodSandbox({ podSandboxId });
  });
});

describe("many pods at once", () => {
  it("lists answer while they are made, and nothing is left afterwards", async () => {
    let slowestMs = 0;
    let busy = true;
    const listing = (async () => {
      while (busy) {
        const startedAt = performance.now();
        await node.runtime.listPodSandbox();
        slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      }
    })();
    const pods = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const podSandboxId = await node.runPod();
        await node.runContainer(podSandboxId, "main", ["sleep", "100"]);
        return podSandboxId;
      }),
    );
    busy = false;
    await listing;
    const ips = await Promise.all(
      pods.map(
        async (podSandboxId) =>
          (await node.runtime.podSandboxStatus({ podSandboxId })).status?.network?.ip,
      ),
    );
    expect(new Set(ips).size).toBe(10);
    expect(
      (await node.runtime.listContainers({ filter: { state: { state: 1 } } })).containers,
    ).toHaveLength(10);
    await Promise.all(pods.map((podSandboxId) => node.runtime.removePodSandbox({ podSandboxId })));
    expect(node.leftovers()).toEqual([]);
    expect(slowestMs).toBeLessThan(2000);
  }, 60_000);
});

describe("host ports", () => {
  it("reach the pod's port", async () => {
    const podSandboxId = await node.runPod({
      portMappings: [{ protocol: 0, containerPort: 8080, hostPort: 18080 }],
    });
    const id = await node.runContainer(podSandboxId, "web", [
      "sh",
      "-c",
      "mkdir /w; echo hello >/w/index.html; exec httpd -f -p 8080 -h /w",
    ]);
    expect(await node.exec(id, "wget", "-qO-", "http://127.0.0.1:8080/")).toMatchObject({
      stdout: "hello\n",
    });
    expect(node.run("busybox", "wget", "-qO-", "http://192.168.77.1:18080/")).toBe("hello\n");
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.run("nft", "list", "ruleset")).not.toContain("18080");
  });
});
