// SPDX-License-Identifier: Apache-2.0
// What becomes of a cluster that stands: what a preview says of each argument, what a replaced controller keeps, what a refresh sees
// that went away, and that `up` mends it. The engine, the component, the machine's process and the mirror are the real ones; the
// machine runs a boot sector, and nobody answers at the API server's port.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { EngineStack } from "../../helpers/engine-stack.ts";
import { processesOf } from "../../helpers/processes.ts";
import { pulumiWithCache } from "../../helpers/pulumi-with-cache.ts";
import { tinyCounts } from "../../helpers/tiny-machine.ts";
import { waitFor } from "../../helpers/wait-for.ts";

jest.setTimeout(180_000);

const stack = new EngineStack("standing-cluster");
const stackDir = join(stack.stateDir, "stacks", stack.name);
const node = join(stackDir, "nodes/lab-controller-0");
const disk = join(stackDir, "disks/lab-controller-0-etcd/etcd.img");

beforeAll(async () => {
  stack.env = await pulumiWithCache(join(stack.stateDir, "cache"));
  await stack.succeed("up");
});
afterAll(async () => {
  await stack.run("destroy");
  stack.remove();
});

const machines = () => processesOf(stackDir, "qemu-system");
const mirrors = () => processesOf(stackDir, "mirror/serve.ts");

interface Preview {
  /** Whatever is not the same: `update lab-ready: trigger`. */
  readonly steps: readonly string[];
  readonly messages: readonly string[];
}

async function preview(
  args: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Preview> {
  const { exitCode, stdout, stderr } = await stack.run("preview", ["--json"], {
    ...env,
    COREFLY_TEST_CLUSTER: JSON.stringify(args),
  });
  if (exitCode !== 0) throw new Error(`preview ended with ${exitCode}\n${stdout}\n${stderr}`);
  const said: {
    steps: readonly { op: string; urn: string; detailedDiff?: object | null }[];
    diagnostics?: readonly { message: string }[];
  } = JSON.parse(stdout);
  return {
    steps: said.steps
      .filter(({ op }) => op !== "same" && op !== "refresh")
      .map(({ op, urn, detailedDiff }) => {
        const paths = Object.keys(detailedDiff ?? {}).sort();
        return `${op} ${urn.split("::").at(-1)}: ${paths.join(", ")}`;
      }),
    messages: (said.diagnostics ?? []).map(({ message }) => message.trim()),
  };
}

const config = (...parts: readonly string[]) =>
  parts.map((part) => `contents.config["${part}"]`).join(", ");

const addons = [
  "file /etc/kubernetes/addons/coredns.yaml",
  "file /etc/kubernetes/addons/kube-proxy.yaml",
  "file /etc/kubernetes/addons/kubelet-access.yaml",
];
const services = [
  ...addons,
  "file /etc/kubernetes/kubelet.yaml",
  "file /etc/kubernetes/manifests/kube-apiserver.yaml",
  "unit corefly-addons.service",
];
const restarted = "update lab-ready: trigger";
const motd = JSON.stringify({
  ignition: { version: "3.3.0" },
  storage: { files: [{ path: "/etc/motd", contents: { source: "data:,hunter2" } }] },
});
const sshKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBx0bWl0dGVkIGJ5IG5vYm9keSBhdCBhbGwgdG9k me";

/** An argument, and the steps of a preview in which it is another one than that of the cluster that stands. */
type Case = readonly [args: Readonly<Record<string, unknown>>, steps: readonly unknown[]];

const CASES: readonly Case[] = [
  [{}, []],
  [{ controllerCpus: 1 }, ["update lab-controller-0: cpus", restarted]],
  [
    { controllerSnippets: [motd] },
    [`replace lab-controller-0: ${config("file /etc/motd")}`, restarted],
  ],
  [{ etcdDiskGiB: 8 }, ["update lab-controller-0-etcd: sizeGiB"]],
  [
    { serviceCidr: "10.4.0.0/16" },
    [
      "update lab-apiserver: ipAddresses[0]",
      `replace lab-controller-0: ${config(...services)}, contents.keys["certificate apiserver"]`,
      restarted,
    ],
  ],
  [
    { images: ["caddy"] },
    [
      expect.stringMatching(/^update lab-artifacts: names\[\d+\]$/),
      expect.stringMatching(/^update lab-mirror: images\["corefly\.dev\/caddy:v[\d.]+"\]$/),
    ],
  ],
  [
    { publish: [{ name: "demo", nodePort: 30_080 }] },
    ["update lab-controller-0: ports[1]", "update lab-ready: trigger, urls[0]"],
  ],
  [
    { apiServerPort: 34_568 },
    ["update lab-controller-0: ports[0].host", "update lab-ready: kubeconfig, trigger"],
  ],
];

/** For `make test-long`. */
const MORE_CASES: readonly Case[] = [
  [{ controllerMemoryMiB: 2048 }, ["update lab-controller-0: memoryMiB", restarted]],
  [
    { podCidr: "10.21.0.0/16" },
    [
      `replace lab-controller-0: ${config("file /etc/corefly/net.d/10-cluster.conflist", ...addons, "unit corefly-addons.service")}`,
      restarted,
    ],
  ],
  [
    { clusterDomain: "k8s.test" },
    [
      "update lab-apiserver: dnsNames[3]",
      `replace lab-controller-0: ${config(...services)}, contents.keys["certificate apiserver"]`,
      restarted,
    ],
  ],
  [
    { sshAuthorizedKeys: [sshKey] },
    [`replace lab-controller-0: ${config("user core")}`, restarted],
  ],
  [
    { nodeLabels: { shelf: "2" } },
    [`replace lab-controller-0: ${config("unit kubelet.service")}`, restarted],
  ],
  [
    { manifests: ["apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"] },
    [
      `replace lab-controller-0: ${config(...addons, "file /etc/kubernetes/addons/manifest-0.yaml", "unit corefly-addons.service")}`,
      restarted,
    ],
  ],
  [{ artifactsUrl: "https://releases.example.test/v1" }, ["update lab-artifacts: source"]],
];

describe("a preview of one other argument", () => {
  it.each([...CASES, ...(process.env["COREFLY_LONG"] ? MORE_CASES : [])])(
    "%j is exactly that",
    async (args, steps) => {
      expect((await preview(args)).steps).toEqual(steps);
    },
  );

  it("says why there is a new machine, by name, and shows neither contents nor secrets", async () => {
    const said = await stack.succeed("preview", ["--diff"], {
      COREFLY_TEST_CLUSTER: JSON.stringify({ controllerSnippets: [motd], mirrorPort: 34_567 }),
    });
    expect(said).toContain(
      'New machine "lab-controller-0", because of file /etc/corefly/registries.d/mirror.json, ',
    );
    expect(said).toMatch(
      /~ file \/etc\/corefly\/registries.d\/mirror.json *: "[0-9a-f]{12}" => "[0-9a-f]{12}"/,
    );
    expect(said).toMatch(/\+ file \/etc\/motd *: "[0-9a-f]{12}"/);
    expect(said).not.toMatch(/hunter2|PRIVATE KEY|BEGIN CERTIFICATE|"ignition"/);
  });
});

describe("a preview a year later", () => {
  it("says that renewed certificates need a new machine, the administrator's aside", async () => {
    const { steps, messages } = await preview({}, { COREFLY_TEST_CLOCK_HOURS: "8000" });
    expect(steps).toContain("update lab-admin: notAfter");
    expect(steps).toContain("update lab-apiserver: notAfter");
    const [reason = ""] = messages.filter((message) => message.startsWith("New machine"));
    expect(reason).toMatch(/^New machine "lab-controller-0", because of certificate addons, /);
    expect(reason).toContain("certificate apiserver,");
    expect(reason).not.toMatch(/admin|file|unit/);
  });
});

describe("a preview without the cluster that stands", () => {
  it("warns of the data that would be lost", async () => {
    const { exitCode, stderr } = await stack.run("preview", [], {
      COREFLY_TEST_CLUSTER: JSON.stringify({ name: "other" }),
    });
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      'Warning: disk "lab-controller-0-etcd" would be deleted with its 1 MiB of data',
    );
  });
});

describe("a controller with another config", () => {
  it("is powered down and replaced, and its disk stays", async () => {
    const [before] = await machines();
    stack.env = {
      ...stack.env,
      COREFLY_TEST_CLUSTER: JSON.stringify({ controllerSnippets: [motd] }),
    };
    const said = await stack.succeed("up");
    expect(said).toMatch(/1 replaced/);
    const [after, ...others] = await machines();
    expect(others).toEqual([]);
    expect(after).not.toBe(before);
    expect(tinyCounts(disk)).toEqual({ starts: 2, powerDowns: 1 });
    expect(readFileSync(join(node, "config.ign"), "utf8")).toContain("/etc/motd");
    await stack.succeed("preview", ["--expect-no-changes"]);
  });
});

describe("what went away without the engine", () => {
  it("processes: refresh sees it, and up starts them again as they were", async () => {
    for (const pid of [...(await machines()), ...(await mirrors())]) process.kill(pid, "SIGKILL");
    await waitFor(async () => (await machines()).length + (await mirrors()).length === 0);
    const refreshed = await stack.succeed("refresh");
    expect(refreshed).toMatch(
      /QemuMachine lab-controller-0 (?:updated|refresh.*\[diff: ~.*running)/,
    );
    expect(refreshed).toMatch(/Mirror lab-mirror (?:updated|refresh.*\[diff: ~.*running)/);
    const said = await stack.succeed("up");
    expect(said).not.toMatch(/replaced|created/);
    expect([(await machines()).length, (await mirrors()).length]).toEqual([1, 1]);
    expect(tinyCounts(disk)).toEqual({ starts: 3, powerDowns: 1 });
  });

  it("a disk: refresh sees it, and up makes it anew with its machine", async () => {
    const [before] = await machines();
    rmSync(disk);
    expect(await stack.succeed("refresh")).toMatch(
      /Disk lab-controller-0-etcd deleted|- 1 deleted/,
    );
    const planned = await preview({ controllerSnippets: [motd] });
    expect(planned.steps).toEqual([
      "create lab-controller-0-etcd: ",
      "replace lab-controller-0: disks[0]",
      restarted,
    ]);
    expect(planned.messages).toContain(
      'New machine "lab-controller-0", because of disk etcd, which is another one',
    );
    await stack.succeed("up");
    expect(await machines()).not.toContain(before);
    expect(tinyCounts(disk)).toEqual({ starts: 1, powerDowns: 0 });
  });

  it("the folders of machine and mirror: up ends what still runs, and makes both again", async () => {
    const before = [...(await machines()), ...(await mirrors())];
    rmSync(node, { recursive: true });
    rmSync(join(stackDir, "mirrors"), { recursive: true });
    await stack.succeed("refresh");
    await stack.succeed("up");
    const after = [...(await machines()), ...(await mirrors())];
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(tinyCounts(disk).starts).toBe(2);
    await stack.succeed("preview", ["--expect-no-changes"]);
  });

  it("is no hindrance for destroy, which leaves nothing", async () => {
    rmSync(node, { recursive: true });
    await stack.succeed("refresh");
    await stack.succeed("destroy");
    expect([...(await machines()), ...(await mirrors())]).toEqual([]);
    expect(existsSync(stackDir)).toBe(false);
    expect(existsSync(dirname(stackDir))).toBe(true);
  });
});
