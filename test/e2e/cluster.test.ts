// SPDX-License-Identifier: Apache-2.0
// The whole chain in virtual machines: up, look around, power cut, up, destroy, up again. Each boot takes minutes, so the
// tests build on each other, in order.
import { readdir, readFile, readlink } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, type Kubectl, kubectl } from "../helpers/kubectl.ts";
import { TestStack } from "../helpers/stack.ts";

const MINUTES = 60_000;
const marker = "heron";

let stack: TestStack;
let kube: Kubectl;
let urls: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  stack = await TestStack.create("test/e2e/program", "e2e");
  const { seconds } = await stack.succeed("up", [], "[up]");
  process.stderr.write(`first up: ${seconds.toFixed(0)} s\n`);
  await meetCluster();
}, 30 * MINUTES);

afterAll(async () => {
  await stack.succeed("destroy", [], "[destroy]");
  await stack.remove();
}, 5 * MINUTES);

describe("a cluster after `up`", () => {
  it("has its node Ready, with our runtime", async () => {
    const nodes = await items("nodes");
    expect(nodes).toHaveLength(1);
    expect(nodes[0]?.status.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
    expect(nodes[0]?.status.nodeInfo?.containerRuntimeVersion).toMatch(
      /^corefly:\/\/\d+\.\d+\.\d+$/,
    );
  });

  it(
    "has all pods of kube-system Running",
    async () => {
      const pods = await eventually(
        "all pods of kube-system run",
        240,
        () => items("pods", "--namespace=kube-system"),
        (found) => found.length >= 6 && found.every(({ status }) => status.phase === "Running"),
      );
      expect(pods.map(({ metadata }) => metadata.labels?.["k8s-app"]).sort()).toEqual([
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-dns",
        "kube-proxy",
        "kube-scheduler",
      ]);
    },
    5 * MINUTES,
  );

  it(
    "serves Caddy's page to the workstation",
    async () => {
      const page = await eventually(
        "Caddy answers",
        120,
        async () => (await fetch(urls["demo"] ?? "")).text(),
        (text) => text.includes("<html"),
      );
      expect(page).toContain("corefly");
    },
    3 * MINUTES,
  );

  it(
    "balances a Service over three pods, by address and by name",
    async () => {
      const log = await clientLog(
        (text) =>
          new Set(
            [...text.matchAll(/^(?:ip|dns|short) served by (\S+)$/gm)].map(([, name]) => name),
          ).size === 3,
      );
      for (const way of ["ip", "dns", "short"]) {
        expect(log).toMatch(new RegExp(`^${way} served by web-`, "m"));
      }
    },
    8 * MINUTES,
  );

  it(
    "shows a pod its ConfigMap, its Secret and its token",
    async () => {
      const log = await clientLog((text) => text.includes("file "));
      expect(log).toContain(`file configmap-${marker} secret-${marker}`);
      expect(Number(/^token (\d+)$/m.exec(log)?.[1])).toBeGreaterThan(500);
    },
    5 * MINUTES,
  );

  it(
    "restarts a container whose probe fails",
    async () => {
      const [pod] = await eventually(
        "the flaky pod has been restarted",
        240,
        () => items("pods", "--selector=app=flaky"),
        (pods) => (pods[0]?.status.containerStatuses?.[0]?.restartCount ?? 0) > 0,
      );
      expect(pod?.status.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(137);
    },
    5 * MINUTES,
  );
});

describe("the node", () => {
  let facts: Readonly<Record<string, string>> = {};
  let list = "";

  beforeAll(async () => {
    const text = await eventually(
      "the inspector has looked around",
      240,
      () => kube("logs", "inspector"),
      (log) => log.includes("inspected"),
    );
    const lines = text.slice(0, text.indexOf("inspected")).split("\n");
    facts = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
    list = lines.filter((line) => line.startsWith("list=")).join("\n");
  }, 5 * MINUTES);

  it("has systemd supervise the kubelet itself", () => {
    expect(facts["argv0"]).toBe("/usr/bin/kubelet");
    expect(facts["exe"]).toMatch(/\/usr\/bin\/kubernetes$/);
    expect(facts["parent"]).toBe("1");
  });

  it("has the kubelet in a chroot, in the host's process and network namespaces", () => {
    expect(facts["root"]).not.toBe("/");
    expect(facts["same-pid"]).toBe("yes");
    expect(facts["same-net"]).toBe("yes");
  });

  it("lists the kubelet and the cluster's pods with `corefly list`", () => {
    for (const app of ["kubernetes", "etcd", "kube-apiserver", "kube-proxy", "coredns", "caddy"]) {
      expect(list).toMatch(new RegExp(`\\b${app}\\b`));
    }
  });

  it("has no runtime among its packages, and no other runtime's daemon", () => {
    expect(facts["packages"]).toBe("");
    expect(facts["daemons"]).toBe("");
  });

  it("has no failed unit", () => {
    expect(facts["failed"]).toBe("");
  });
});

describe("the stack", () => {
  it(
    "shows no change in a preview",
    async () => {
      await stack.succeed("preview", ["--expect-no-changes"]);
    },
    2 * MINUTES,
  );

  it(
    "changes nothing in a second `up`, in under 30 s",
    async () => {
      const { seconds } = await stack.succeed("up", ["--expect-no-changes"]);
      expect(seconds).toBeLessThan(30);
    },
    2 * MINUTES,
  );

  it(
    "comes back with its data after the machine died",
    async () => {
      await kube("create", "configmap", "survivor", `--from-literal=marker=${marker}`);
      const [machine] = await processesOf(stack.stateDir, "qemu-system");
      if (machine === undefined) throw new Error("found no machine to kill");
      process.kill(machine, "SIGKILL");
      await eventually(
        "the machine is gone",
        10,
        () => processesOf(stack.stateDir, "qemu-system"),
        (left) => left.length === 0,
      );
      await stack.succeed("up", [], "[up after power cut]");
      await meetCluster();
      const data = await kube("get", "configmap", "survivor", "--output=jsonpath={.data.marker}");
      expect(data).toBe(marker);
    },
    15 * MINUTES,
  );

  it(
    "leaves nothing behind after `destroy`",
    async () => {
      const ports = [urls["demo"], await apiServer()].map((url) => Number(new URL(url ?? "").port));
      await stack.succeed("destroy", [], "[destroy]");
      expect(await processesOf(stack.stateDir, "")).toEqual([]);
      for (const port of ports) {
        expect(await isOpen(port)).toBe(false);
      }
      expect(await readdir(join(stack.stateDir, "stacks")).catch(() => [])).toEqual([]);
    },
    5 * MINUTES,
  );

  it(
    "can be stood up again",
    async () => {
      await stack.succeed("up", [], "[up again]");
      await meetCluster();
      expect(await items("nodes")).toHaveLength(1);
    },
    15 * MINUTES,
  );
});

interface Item {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly nodeInfo?: { readonly containerRuntimeVersion: string };
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly lastState?: { readonly terminated?: { readonly exitCode: number } };
    }[];
  };
}

async function items(...query: readonly string[]): Promise<readonly Item[]> {
  const text = await kube("get", ...query, "--output=json");
  return (JSON.parse(text) as { items: readonly Item[] }).items;
}

async function meetCluster(): Promise<void> {
  kube = await kubectl(await stack.writeKubeconfig());
  urls = (await stack.outputs())["urls"] as Record<string, string>;
}

function clientLog(done: (text: string) => boolean): Promise<string> {
  return eventually(
    "the client has seen the Service",
    300,
    () => kube("logs", "deployment/client", "--tail=400"),
    done,
  );
}

async function apiServer(): Promise<string> {
  const { kubeconfig } = await stack.outputs();
  return /server: (\S+)/.exec(String(kubeconfig))?.[1] ?? "";
}

/** Processes whose command line names the folder and contains `program`, this one and its parents aside. */
async function processesOf(folder: string, program: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const command = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => "");
    if ((command.includes(folder) || cwd.startsWith(folder)) && command.includes(program)) {
      found.push(Number(name));
    }
  }
  return found;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
