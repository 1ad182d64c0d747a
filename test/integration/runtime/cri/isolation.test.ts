// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { failure } from "../../../helpers/cri-client.ts";
import { CriNode } from "../../../helpers/cri-node.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

let node: CriNode;
beforeAll(async () => {
  node = await CriNode.start({ subnet: "10.219.9.0/24" });
}, 60_000);
afterEach(async () => {
  await node.removePods();
});
afterAll(async () => {
  await node.remove();
}, 60_000);

const [POD, CONTAINER, NODE] = [0, 1, 2] as const;

describe("namespaces of a pod", () => {
  it("containers share network, ipc and host name, and see their own processes", async () => {
    const podSandboxId = await node.runPod({ hostname: "shared-name" });
    const a = await node.runContainer(podSandboxId, "a", ["sleep", "100"]);
    const b = await node.runContainer(podSandboxId, "b", ["sleep", "100"]);
    const links = async (id: string) =>
      (
        await node.exec(id, "sh", "-c", "for n in net ipc uts; do ls -l /proc/self/ns/$n; done")
      ).stdout.match(/\w+:\[\d+\]/g);
    expect(await links(a)).toEqual(await links(b));
    await node.exec(a, "sh", "-c", "echo hello > /dev/shm/x");
    expect((await node.exec(b, "cat", "/dev/shm/x")).stdout).toBe("hello\n");
    expect((await node.exec(b, "hostname")).stdout).toBe("shared-name\n");
    expect((await node.exec(a, "ps")).stdout.match(/sleep 100/g)).toHaveLength(1);
    await node.runtime.removePodSandbox({ podSandboxId });
  });

  it("with a shared pid namespace see each other, under an init that reaps", async () => {
    const options = { namespaceOptions: { network: POD, pid: POD } };
    const podSandboxId = await node.runPod({
      linux: { cgroupParent: node.cgroupParent, securityContext: options },
    });
    const linux = { securityContext: options };
    const a = await node.runContainer(podSandboxId, "a", ["sleep", "100"], { linux });
    const b = await node.runContainer(podSandboxId, "b", ["sleep", "200"], { linux });
    const ps = (await node.exec(a, "ps")).stdout;
    expect(ps).toMatch(/^ +1 root +\/catatonit -P$/m);
    expect(ps).toContain("sleep 100");
    expect(ps).toContain("sleep 200");
    await node.runtime.stopContainer({ containerId: b, timeout: 0n });
    expect((await node.status(a)).state).toBe(1);
    expect((await node.exec(a, "ps")).stdout).not.toContain("sleep 200");
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  });

  it("with the host's network have its addresses and name", async () => {
    const podSandboxId = await node.runPod({
      linux: node.pods.inNamespaces({ network: NODE, pid: CONTAINER }),
    });
    const id = await node.runContainer(podSandboxId, "a", ["sleep", "100"]);
    const { status } = await node.runtime.podSandboxStatus({ podSandboxId });
    expect(status?.network?.ip).toBe("");
    expect(status?.linux?.namespaces?.options?.network).toBe(NODE);
    expect((await node.exec(id, "ip", "addr")).stdout).toContain("192.168.77.1");
    expect((await node.exec(id, "hostname")).stdout).toBe(`${hostname()}\n`);
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  });

  it("sysctls of the pod hold in its containers and nowhere else", async () => {
    const before = node.run("cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start");
    const podSandboxId = await node.runPod({
      linux: {
        cgroupParent: node.cgroupParent,
        sysctls: { "net.ipv4.ip_unprivileged_port_start": "80", "kernel.shm_rmid_forced": "1" },
        securityContext: { namespaceOptions: { pid: CONTAINER } },
      },
    });
    const id = await node.runContainer(podSandboxId, "a", ["sleep", "100"]);
    const read = await node.exec(
      id,
      "cat",
      "/proc/sys/net/ipv4/ip_unprivileged_port_start",
      "/proc/sys/kernel/shm_rmid_forced",
    );
    expect(read.stdout).toBe("80\n1\n");
    expect(node.run("cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start")).toBe(before);
    await node.runtime.removePodSandbox({ podSandboxId });
    const refused = await failure(
      node.runPod({ linux: { sysctls: { "vm.overcommit_memory": "1" } } }),
    );
    expect(refused.details).toContain("vm.overcommit_memory");
    expect(node.leftovers()).toEqual([]);
  });
});

describe("security context", () => {
  it("runs as the user that is asked for, with the groups of the image's /etc/group", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "a", ["sleep", "100"], {
      linux: {
        securityContext: {
          runAsUser: { value: 1000n },
          supplementalGroups: [77n],
          namespaceOptions: { pid: CONTAINER },
        },
      },
    });
    expect((await node.exec(id, "id")).stdout).toBe(
      "uid=1000(web) gid=1000(web) groups=50(logs),77,1000(web)\n",
    );
    expect((await node.status(id)).user?.linux).toMatchObject({ uid: 1000n, gid: 1000n });
    await node.runtime.removePodSandbox({ podSandboxId });
  });

  it("drops capabilities, locks the root and forbids new privileges", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "a", ["sleep", "100"], {
      linux: {
        securityContext: {
          capabilities: { dropCapabilities: ["ALL"], addCapabilities: ["NET_BIND_SERVICE"] },
          readonlyRootfs: true,
          noNewPrivs: true,
          seccomp: { profileType: 0 },
          namespaceOptions: { pid: CONTAINER },
        },
      },
    });
    const status = (await node.exec(id, "cat", "/proc/self/status")).stdout;
    expect(status).toMatch(/^CapEff:\t0000000000000400$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect((await node.exec(id, "touch", "/x")).exitCode).not.toBe(0);
    await node.runtime.removePodSandbox({ podSandboxId });
  });

  it("refuses a group without a user and a profile that is not there", async () => {
    const podSandboxId = await node.runPod();
    const group = await failure(
      node.runContainer(podSandboxId, "a", ["true"], {
        linux: { securityContext: { runAsGroup: { value: 1n } } },
      }),
    );
    expect(group).toEqual({
      code: 3,
      details: "Cannot use run_as_group: it needs run_as_user or run_as_username",
    });
    const profile = await failure(
      node.runContainer(podSandboxId, "a", ["true"], {
        linux: {
          securityContext: { seccomp: { profileType: 2, localhostRef: "/no/such/profile.json" } },
        },
      }),
    );
    expect(profile.details).toContain("/no/such/profile.json");
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  });
});

describe("limits", () => {
  it("a container over its memory is OOMKilled with 137", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(
      podSandboxId,
      "a",
      ["sh", "-c", "x=a; while :; do x=$x$x; done"],
      {
        linux: {
          resources: { memoryLimitInBytes: 20n << 20n },
          securityContext: { namespaceOptions: { pid: CONTAINER } },
        },
      },
    );
    expect(await node.exited(id)).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
    await node.runtime.removePodSandbox({ podSandboxId });
  });

  it("can be changed while it runs and before, and the status says the new ones", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "a", ["sleep", "100"], {
      linux: {
        resources: { memoryLimitInBytes: 50n << 20n, cpuShares: 512n },
        securityContext: { namespaceOptions: { pid: CONTAINER } },
      },
    });
    await node.runtime.updateContainerResources({
      containerId: id,
      linux: { memoryLimitInBytes: 100n << 20n },
    });
    expect((await node.status(id)).resources?.linux).toMatchObject({
      memoryLimitInBytes: 100n << 20n,
      cpuShares: 512n,
    });
    const limit = await node.exec(
      id,
      "sh",
      "-c",
      "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null",
    );
    expect(limit.stdout).toBe(`${100 << 20}\n`);
    await node.runtime.removePodSandbox({ podSandboxId });
  });

  it("are counted: cpu, memory and what is written to the root, not to volumes (CRI-08)", async () => {
    const podSandboxId = await node.runPod();
    const volume = join(node.dir, "volume");
    mkdirSync(volume);
    const script =
      "head -c 5242880 /dev/zero >/big; head -c 3145728 /dev/zero >/vol/big; " +
      "for i in $(seq 50); do >/tmp/$i; done; sleep 100";
    const id = await node.runContainer(podSandboxId, "a", ["sh", "-c", script], {
      mounts: [{ containerPath: "/vol", hostPath: volume }],
    });
    const gone = await node.runContainer(podSandboxId, "b", ["true"]);
    await node.exited(gone);
    await waitFor(async () => (await node.exec(id, "ls", "/tmp/50")).exitCode === 0);
    const { stats } = await node.runtime.listContainerStats();
    expect(stats.map(({ attributes }) => attributes?.id)).toEqual([id]);
    const [found] = stats;
    expect(found?.cpu?.usageCoreNanoSeconds?.value).toBeGreaterThan(0n);
    expect(found?.memory?.workingSetBytes?.value).toBeGreaterThan(0n);
    expect(found?.writableLayer?.usedBytes?.value).toBeGreaterThanOrEqual(5n << 20n);
    expect(found?.writableLayer?.usedBytes?.value).toBeLessThan(8n << 20n);
    expect(found?.writableLayer?.inodesUsed?.value).toBeGreaterThanOrEqual(51n);
    expect(found?.writableLayer?.fsId?.mountpoint).toBe(node.dataDir);
    const { imageFilesystems } = await node.client.image.imageFsInfo();
    expect(imageFilesystems[0]?.usedBytes?.value).toBeGreaterThan(0n);
    expect(imageFilesystems[0]?.inodesUsed?.value).toBeGreaterThan(0n);
    await node.runtime.removePodSandbox({ podSandboxId });
  });
});

describe("volumes", () => {
  it("are all seen, a parent never hides what is mounted below it (POD-07)", async () => {
    const podSandboxId = await node.runPod();
    const at = (containerPath: string, name: string) => {
      const hostPath = join(node.dir, name);
      mkdirSync(hostPath);
      writeFileSync(join(hostPath, `f${name}`), name);
      return { containerPath, hostPath };
    };
    const mounts = [
      at("/certs/b/c", "c"),
      at("/certs/b/", "b"),
      at("//certs", "a"),
      at("/tmp/deep/er/one", "one"),
      at("/tmp", "tmp"),
    ];
    const id = await node.runContainer(podSandboxId, "a", ["sleep", "100"], { mounts });
    const files = [
      "/certs/fa",
      "/certs/b/fb",
      "/certs/b/c/fc",
      "/tmp/deep/er/one/fone",
      "/tmp/ftmp",
    ];
    expect(await node.exec(id, "cat", ...files)).toEqual({
      exitCode: 0,
      stdout: "abconetmp",
      stderr: "",
    });
    // The kubelet looks for its own words in its own order.
    const status = await node.status(id);
    expect(
      status.mounts.map(({ containerPath, hostPath }) => ({ containerPath, hostPath })),
    ).toEqual(mounts);
    await node.runtime.removePodSandbox({ podSandboxId });
  });

  it("a missing host path is an error that names it", async () => {
    const podSandboxId = await node.runPod();
    const { code, details } = await failure(
      node.runContainer(podSandboxId, "a", ["true"], {
        mounts: [{ containerPath: "/x", hostPath: join(node.dir, "missing") }],
      }),
    );
    expect(code).toBe(5);
    expect(details).toContain(join(node.dir, "missing"));
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  });

  it("an image can be one, read-only, also a part of it", async () => {
    const podSandboxId = await node.runPod();
    const image = { image: "corefly.dev/busybox:1" };
    const id = await node.runContainer(podSandboxId, "a", ["sleep", "100"], {
      mounts: [
        { containerPath: "/whole", image, readonly: true },
        { containerPath: "/part", image, imageSubPath: "etc", readonly: true },
      ],
    });
    expect((await node.exec(id, "cat", "/whole/etc/version", "/part/version")).stdout).toBe(
      "1\n1\n",
    );
    expect((await node.exec(id, "touch", "/whole/x")).exitCode).not.toBe(0);
    const { mounts, imageId } = await node.status(id);
    expect(mounts.map((mount) => mount.image?.imageRef)).toEqual([imageId, imageId]);
    const missing = await failure(
      node.runContainer(podSandboxId, "b", ["true"], {
        mounts: [{ containerPath: "/p", image, imageSubPath: "no/such", readonly: true }],
      }),
    );
    expect(missing.details).toMatch(/^ImageVolumeMountFailed: /);
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  });
});
