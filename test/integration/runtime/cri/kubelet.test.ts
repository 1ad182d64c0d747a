// SPDX-License-Identifier: Apache-2.0
// The kubelet of the release that our clusters run, on the CRI server, with static pods.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ContainerState } from "../../../../runtime/cri/api-schema.ts";
import { BUSYBOX, CriNode } from "../../../helpers/cri-node.ts";
import { NativeKubelet } from "../../../helpers/native-kubelet.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

let node: CriNode;
let kubelet: NativeKubelet;
beforeAll(async () => {
  node = await CriNode.start({ subnet: "10.219.10.0/24" });
  kubelet = new NativeKubelet(node);
  await kubelet.start();
}, 90_000);
afterAll(async () => {
  await kubelet.stop();
  await node.remove();
}, 60_000);

/** Looking starts programs, which must not keep the machine busier than what is looked at. */
const soon = (condition: () => boolean | Promise<boolean>, timeoutMs: number) =>
  waitFor(condition, timeoutMs, 250);
const base = { image: BUSYBOX, imagePullPolicy: "Never" } as const;
const sh = (script: string) => ["sh", "-c", script];

describe("a static pod", () => {
  it("gets Ready by its probe, has its volumes and limits, and answers on its host port", async () => {
    kubelet.apply("web", {
      initContainers: [
        {
          ...base,
          name: "init",
          command: sh("echo from-init >/shared/index.html"),
          volumeMounts: [{ name: "shared", mountPath: "/shared" }],
        },
      ],
      containers: [
        {
          ...base,
          name: "web",
          command: sh("echo serving; exec httpd -f -p 8080 -h /shared"),
          ports: [{ containerPort: 8080, hostPort: 18080 }],
          readinessProbe: {
            exec: { command: ["cat", "/shared/index.html"] },
            periodSeconds: 1,
          },
          resources: { limits: { memory: "64Mi", cpu: "200m" } },
          volumeMounts: [{ name: "shared", mountPath: "/shared" }],
        },
      ],
      volumes: [{ name: "shared", emptyDir: { medium: "Memory" } }],
    });
    await soon(() => kubelet.container("web", "web")?.ready === true, 30_000);
    const pod = kubelet.pod("web");
    expect(pod?.phase).toBe("Running");
    expect(pod?.initContainerStatuses?.[0]?.state["terminated"]).toMatchObject({
      exitCode: 0,
      reason: "Completed",
    });
    expect(node.run("busybox", "wget", "-qO-", "http://192.168.77.1:18080/")).toBe("from-init\n");
    expect(kubelet.log("web", "web")).toMatch(/^\S+ stdout F serving\n$/);

    const id = kubelet.container("web", "web")?.containerID?.replace("corefly://", "") ?? "";
    const { exitCode, stdout } = await node.exec(
      id,
      "sh",
      "-c",
      "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; cat /etc/hosts",
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`${64 << 20}\n`);
    expect(stdout).toContain("Kubernetes-managed hosts file");
  }, 60_000);

  it("whose probe fails is restarted", async () => {
    kubelet.apply("sick", {
      containers: [
        {
          ...base,
          name: "sick",
          command: sh("touch /tmp/ok; sleep 3; rm /tmp/ok; sleep 100"),
          livenessProbe: {
            exec: { command: ["cat", "/tmp/ok"] },
            periodSeconds: 1,
            failureThreshold: 1,
          },
        },
      ],
    });
    await soon(() => (kubelet.container("sick", "sick")?.restartCount ?? 0) > 0, 40_000);
    expect(kubelet.container("sick", "sick")?.lastState["terminated"]).toMatchObject({
      exitCode: 137,
    });
    expect(kubelet.log("sick", "sick", 1)).toBe("");
    kubelet.delete("sick");
    await soon(() => kubelet.pod("sick") === undefined, 30_000);
  }, 90_000);

  it("over its memory limit is shown as OOMKilled", async () => {
    kubelet.apply("greedy", {
      restartPolicy: "Never",
      containers: [
        {
          ...base,
          name: "greedy",
          command: sh("x=a; while :; do x=$x$x; done"),
          resources: { limits: { memory: "20Mi" } },
        },
      ],
    });
    await soon(() => kubelet.pod("greedy")?.phase === "Failed", 30_000);
    expect(kubelet.container("greedy", "greedy")?.state["terminated"]).toMatchObject({
      exitCode: 137,
      reason: "OOMKilled",
    });
    kubelet.delete("greedy");
  }, 60_000);

  it("with shareProcessNamespace sees all its processes", async () => {
    kubelet.apply("shared", {
      shareProcessNamespace: true,
      containers: [
        { ...base, name: "a", command: ["sleep", "1111"] },
        {
          ...base,
          name: "b",
          command: sh("while ! ps | grep 111[1]; do sleep 0.1; done; sleep 100"),
        },
      ],
    });
    await soon(() => kubelet.log("shared", "b").includes("sleep 1111"), 30_000);
    kubelet.delete("shared");
    await soon(() => kubelet.pod("shared") === undefined, 30_000);
  }, 60_000);

  it("goes on over kill -9 of the server, whose probes then work again", async () => {
    const before = kubelet.container("web", "web")?.containerID;
    await node.killServer();
    await node.startServer();
    kubelet.apply("after", {
      containers: [
        {
          ...base,
          name: "after",
          command: ["sleep", "100"],
          readinessProbe: { exec: { command: ["true"] }, periodSeconds: 1 },
        },
      ],
    });
    await soon(() => kubelet.container("after", "after")?.ready === true, 40_000);
    expect(kubelet.container("web", "web")).toMatchObject({
      containerID: before,
      ready: true,
      restartCount: 0,
    });
  }, 60_000);

  it("is counted in the summary that eviction and metrics live on", async () => {
    const summary = JSON.stringify(kubelet.summary());
    expect(summary).toContain('"name":"web"');
    expect(summary).toContain('"workingSetBytes"');
  });

  it("is gone with its manifest", async () => {
    kubelet.delete("web");
    kubelet.delete("after");
    await soon(async () => {
      const running = { filter: { state: { state: ContainerState.CONTAINER_RUNNING } } };
      return (await node.runtime.listContainers(running)).containers.length === 0;
    }, 40_000);
  }, 60_000);
});

it("the server's log names no failure of ours", () => {
  expect(node.log.split("\n").filter((line) => line.startsWith("error: "))).toEqual([]);
});
