// SPDX-License-Identifier: Apache-2.0
// What pods' authors can do to the server with their images, files and requests, and two requests to each other.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { readSandboxRecord } from "../../../../runtime/pod/sandbox-record.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";
import { makeBusyboxRoot } from "../../../helpers/busybox-image.ts";
import { failure } from "../../../helpers/cri-client.ts";
import { CriNode } from "../../../helpers/cri-node.ts";
import { importLayers, plainLayer, type TestLayer } from "../../../helpers/unpack.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

let node: CriNode;
beforeAll(async () => {
  node = await CriNode.start({ subnet: "10.219.10.0/24" });
}, 60_000);
afterEach(async () => {
  await node.removePods();
});
afterAll(async () => {
  await node.remove();
}, 60_000);

const INVALID_ARGUMENT = 3;
const FAILED_PRECONDITION = 9;
const [RUNNING, NOT_READY, SHARED] = [1, 1, 0] as const;

async function importImage(layers: readonly TestLayer[]): Promise<string> {
  const { image } = await importLayers(node.dataDir, layers);
  return image.id;
}

describe("an image", () => {
  it("whose passwd is a fifo is refused and does not stop the server", async () => {
    const image = await importImage([
      plainLayer([
        { path: "etc/passwd", kind: "fifo" },
        { path: "app", content: "#!", mode: 0o755 },
      ]),
    ]);
    const podSandboxId = await node.runPod();
    const config = { metadata: { name: "a" }, image: { image }, command: ["/app"] };
    const { details } = await failure(
      node.runtime.createContainer({ podSandboxId, config }, { timeoutMs: 5000 }),
    );
    expect(details).toContain('Cannot read "/etc/passwd" of the image: expected a file');
    expect((await node.runtime.version({}, { timeoutMs: 5000 })).runtimeName).toBe("corefly");
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  });

  it("of more layers than fit into one page of mount options runs", async () => {
    const root = join(node.dir, "busybox");
    makeBusyboxRoot(root);
    const tar = execFileSync("tar", ["-C", root, "-cf", "-", "."], { maxBuffer: 2 ** 28 });
    const base = { ...plainLayer([]), blob: tar, tar };
    const layers = Array.from({ length: 70 }, (_, index) =>
      plainLayer([{ path: `layer-${index}`, content: `${index}` }]),
    );
    const image = await importImage([base, ...layers]);
    const podSandboxId = await node.runPod();
    const command = ["/bin/sh", "-c", "test $(cat /layer-0 /layer-69) = 069"];
    const id = await node.runContainer(podSandboxId, "a", command, { image: { image } });
    expect(await node.exited(id)).toMatchObject({ exitCode: 0 });
  });
});

describe("a container", () => {
  it("cannot keep itself from being removed by the names of its files", async () => {
    const podSandboxId = await node.runPod();
    const script = `
      mkdir -p "$(printf 'bad\\377/\\376')"; echo x >"$(printf 'bad\\377/\\376/\\375')"
      n=0; while [ $n -lt 20 ]; do mkdir ${"d".repeat(250)}; cd ${"d".repeat(250)}; n=$((n+1)); done
      echo deep >f`;
    const id = await node.runContainer(podSandboxId, "a", ["sh", "-c", script]);
    expect(await node.exited(id)).toMatchObject({ exitCode: 0 });
    await node.runtime.removeContainer({ containerId: id });
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  });

  it("has its log inside the pod's log directory", async () => {
    const podSandboxId = await node.runPod();
    const create = (logPath: string) =>
      node.runtime.createContainer({
        podSandboxId,
        config: { metadata: { name: "a" }, image: { image: "corefly.dev/busybox:1" }, logPath },
      });
    expect(await failure(create("../../outside.log"))).toMatchObject({ code: INVALID_ARGUMENT });
    expect(await failure(create("a/../../../outside"))).toMatchObject({ code: INVALID_ARGUMENT });
    await create("a/..b.log");
  });

  it("does not start in a pod that is being stopped", async () => {
    for (let round = 0; round < 4; round += 1) {
      const podSandboxId = await node.runPod();
      const created = await Promise.all(
        ["a", "b", "c"].map((name) =>
          node.runtime.createContainer({
            podSandboxId,
            config: {
              metadata: { name },
              image: { image: "corefly.dev/busybox:1" },
              command: ["sleep", "1000"],
            },
          }),
        ),
      );
      await Promise.all([
        ...created.map(({ containerId }) =>
          node.runtime.startContainer({ containerId }).catch(() => undefined),
        ),
        node.runtime.stopPodSandbox({ podSandboxId }),
      ]);
      for (const { containerId } of created) {
        expect((await node.status(containerId)).state).not.toBe(RUNNING);
      }
      await node.runtime.removePodSandbox({ podSandboxId });
      expect(node.leftovers()).toEqual([]);
    }
  });

  it("does not join what took the pid of its pod's init process", async () => {
    const options = { namespaceOptions: { pid: SHARED } };
    const podSandboxId = await node.runPod({
      linux: { cgroupParent: node.cgroupParent, securityContext: options },
    });
    const { containerId } = await node.runtime.createContainer({
      podSandboxId,
      config: {
        metadata: { name: "a" },
        image: { image: "corefly.dev/busybox:1" },
        command: ["sleep", "1000"],
        linux: { securityContext: options },
      },
    });
    const [uuid = ""] = readdirSync(join(node.dataDir, "pods/run"));
    const record = await readSandboxRecord(linuxSystem(), join(node.dataDir, "pods/run", uuid));
    const pid = record?.init?.pid ?? 0;
    process.kill(pid, "SIGKILL");
    await waitFor(() => stateOf(pid) === "" || /^State:\s+Z/m.test(stateOf(pid)));
    expect(await failure(node.runtime.startContainer({ containerId }))).toMatchObject({
      code: FAILED_PRECONDITION,
      details: expect.stringContaining("the init process of its pod has ended"),
    });
    await node.runtime.stopPodSandbox({ podSandboxId });
    const { status } = await node.runtime.podSandboxStatus({ podSandboxId });
    expect(status?.state).toBe(NOT_READY);
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  });
});

describe("a server that starts", () => {
  it("removes what its predecessor was putting together or taking apart", async () => {
    const podSandboxId = await node.runPod();
    await node.runtime.stopPodSandbox({ podSandboxId });
    await node.killServer();
    const [uuid = ""] = readdirSync(join(node.dataDir, "pods/run"));
    const at = (phase: string, name = uuid) => join(node.dataDir, phase, name);
    cpSync(at("pods/run"), at("cri/embryo"), { recursive: true });
    // Killed before the record was written, and after it was removed.
    mkdirSync(join(at("cri/embryo", "no-record"), "apps"), { recursive: true });
    mkdirSync(join(at("cri/garbage", "no-record"), "apps"), { recursive: true });
    renameSync(at("pods/run"), at("cri/garbage"));
    await node.startServer();
    await waitFor(() => node.leftovers().length === 0);
    expect((await node.runtime.listPodSandbox()).items).toEqual([]);
  });
});

function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}
