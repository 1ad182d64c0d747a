// SPDX-License-Identifier: Apache-2.0
// The yardstick stands: Debian's containerd runs a pod on this machine, installed nowhere, and leaves nothing.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ContainerdNode } from "../../helpers/containerd.ts";

let node: ContainerdNode;

beforeAll(async () => {
  node = await ContainerdNode.start();
}, 60_000);

afterAll(async () => {
  await node.remove();
});

describe("ContainerdNode", () => {
  it("is Debian's containerd 1.6", async () => {
    const { runtimeName, runtimeVersion } = await node.runtime.version();
    expect([runtimeName, runtimeVersion]).toEqual([
      "containerd",
      expect.stringMatching(/^1\.6\.20/),
    ]);
  });

  it("runs a pod with an address of the pod network, by crun", async () => {
    const pod = await node.runPod();
    const { status } = await node.runtime.podSandboxStatus({ podSandboxId: pod });
    expect(status?.network?.ip).toMatch(/^10\.219\.8\.\d+$/);
    const container = await node.runContainer(pod, "c", ["sleep", "1000"]);
    expect(await node.exec(container, "hostname")).toEqual({
      exitCode: 0,
      stdout: "pod-1\n",
      stderr: "",
    });
    const { state } = await node.status(container);
    expect(state).toBe(1);
    expect(node.shims()).toHaveLength(1);
    await node.pods.removePods();
  });

  it("leaves nothing outside its folder", async () => {
    const other = await ContainerdNode.start({ subnet: "10.219.9.0/24" });
    const owner = statSync("/dev/null").uid;
    const container = await other.runContainer(await other.runPod(), "c", ["sleep", "1000"], {
      linux: { securityContext: { namespaceOptions: { pid: 1 }, runAsUser: { value: 1000n } } },
    });
    expect(await other.exec(container, "true")).toMatchObject({ exitCode: 0 });
    await other.remove();
    expect(statSync("/dev/null").uid).toBe(owner);
    expect(other.shims()).toEqual([]);
    const places = ["/run/containerd", "/opt/containerd", "/var/lib/cni", other.dir];
    expect(places.filter((path) => existsSync(path))).toEqual([]);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(other.dir);
    const cgroups = readdirSync("/sys/fs/cgroup").map(
      (name) => `/sys/fs/cgroup/${name}${other.cgroupParent}`,
    );
    expect(cgroups.filter((path) => existsSync(path))).toEqual([]);
  }, 30_000);
});
