// SPDX-License-Identifier: Apache-2.0
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
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
    // Long enough to tell the container's end from the moment when the server finds it.
    await waitFor(() => BigInt(Date.now()) * 1_000_000n > endedAt + 3n * SECOND_NS);
    await node.startServer();

    const afterA = await node.status(a);
    expect(afterA).toMatchObject({ state: 2, exitCode: 0 });
    expect(afterA.finishedAt).toBe(before.finishedAt);
    const afterB = await node.status(b);
    expect(afterB).toMatchObject({ state: 2, exitCode: 3 });
    expect(afterB.finishedAt - endedAt).toBeLessThan(SECOND_NS);
    expect(afterB.finishedAt - endedAt).toBeGreaterThanOrEqual(-SECOND_NS / 100n);
    expect((await node.status(c)).state).toBe(1);
    expect(await processOf(podSandboxId, c)).toEqual(processBefore);
    expect(await node.exec(c, "echo", "again")).toMatchObject({ stdout: "again\n" });
    expect((await node.runtime.podSandboxStatus({ podSandboxId })).status?.state).toBe(0);

    await node.runtime.stopContainer({ containerId: c, timeout: 0n });
    const numbers = numbersIn((await node.status(c)).logPath);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  }, 30_000);
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

describe.each([
  ["SIGTERM, as systemctl restart", () => node.killServer("SIGTERM")],
  ["SIGKILL", () => node.killServer()],
  ["SIGKILL to every process in its cgroup", () => killCgroup()],
] as const)("%s", (_how, end) => {
  it("ends the server alone: the same processes, every line of their logs, commands at once", async () => {
    const [server = "", ...others] = serverCgroups();
    for (const each of [server, ...others]) {
      mkdirSync(each, { recursive: true });
      writeFileSync(join(each, "cgroup.procs"), String(node.serverPid));
    }
    const counting = "n=0; while :; do echo line $n; n=$((n+1)); sleep 0.01; done";
    const plain = await node.runPod();
    const shared = await node.runPod({
      linux: node.pods.inNamespaces({ pid: 0 }),
    });
    const ids = [
      await node.runContainer(plain, "main", ["sh", "-c", counting]),
      await node.runContainer(shared, "main", ["sh", "-c", counting], {
        linux: { securityContext: { namespaceOptions: { pid: 0 } } },
      }),
    ] as const;
    const processes = async () => [await processOf(plain, ids[0]), await processOf(shared, ids[1])];
    const before = await processes();
    for (const pid of node.monitorPids()) {
      const cgroups = readFileSync(`/proc/${pid}/cgroup`, "utf8");
      expect(cgroups).not.toContain(basename(server));
    }
    const log = (await node.status(ids[0])).logPath;
    // A command that the server runs, and what it has started, are in its cgroup.
    const command = node.exec(ids[0], "sleep", "100").catch(() => {});
    await waitFor(() => readFileSync(join(server, "cgroup.procs"), "utf8").split("\n").length > 2);

    await end();
    await command;
    const linesAtEnd = numbersIn(log).length;
    await waitFor(() => numbersIn(log).length > linesAtEnd + 5);
    await node.startServer();
    expect(await processes()).toEqual(before);
    for (const id of ids) {
      expect((await node.status(id)).state).toBe(1);
      expect((await node.exec(id, "echo", "again")).stdout).toBe("again\n");
      await node.runtime.stopContainer({ containerId: id, timeout: 0n });
      expect(await node.status(id)).toMatchObject({ state: 2, exitCode: 137 });
      const numbers = numbersIn((await node.status(id)).logPath);
      expect(numbers).toEqual(numbers.map((_, index) => index));
    }
    await node.removePods();
    expect(node.leftovers()).toEqual([]);
    for (const each of [server, ...others]) {
      rmdirSync(each);
    }
  }, 30_000);
});

function numbersIn(log: string): readonly number[] {
  return [...readFileSync(log, "utf8").matchAll(/ line (\d+)$/gm)].map((match) => Number(match[1]));
}

/** Where systemd keeps a service: in version 1 in its own hierarchy, and in version 2 beside it where it finds one. */
function serverCgroups(): readonly string[] {
  const roots = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"].filter((root) =>
    existsSync(root),
  );
  return (roots.length === 0 ? ["/sys/fs/cgroup"] : roots).map((root) =>
    join(root, `${basename(node.dir)}-server`),
  );
}

async function killCgroup(): Promise<void> {
  const [directory = ""] = serverCgroups();
  const procs = () =>
    readFileSync(join(directory, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
  await waitFor(() => {
    for (const pid of procs()) {
      process.kill(Number(pid), "SIGKILL");
    }
    return procs().length === 0;
  });
  await node.killServer();
}
