// SPDX-License-Identifier: Apache-2.0
// The whole chain in virtual machines, five boots: up (killed, timed out, finished), look around; power cut, refresh, up, cut
// again while it boots; up; a replaced controller; destroy, up. Each boot takes minutes, so the tests build on each other, in order.
import { createHash, randomBytes, randomInt } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually } from "../helpers/kubectl.ts";
import { isOpen, LiveCluster } from "../helpers/live-cluster.ts";
import { processesOf } from "../helpers/processes.ts";
import type { TestStack } from "../helpers/stack.ts";

const MINUTES = 60_000;
const marker = "heron";

let cluster: LiveCluster;
let stack: TestStack;
/** From power-on to the end of the first `up`. */
let bootMs = 0;

beforeAll(async () => {
  cluster = await LiveCluster.create("test/e2e/program", "e2e");
  stack = cluster.stack;
});

afterAll(async () => {
  await stack.succeed("destroy", [], "[destroy]");
  await stack.remove();
}, 5 * MINUTES);

describe("a cluster in the making", () => {
  it(
    "goes on booting when `up` is killed",
    async () => {
      await stack.kill("up", {
        when: async () => (await cluster.machine()) !== undefined,
        afterMs: randomInt(3_000, 10_000),
      });
      expect(await cluster.machine()).toBeDefined();
      bootMs = -performance.now();
    },
    10 * MINUTES,
  );

  it(
    "is waited for no longer than was asked, and the error says how far it is",
    async () => {
      const before = await cluster.machine();
      const timedOut = await stack.run("up", ["--config", "readyTimeout=5s"], "[short up]");
      expect(timedOut.exitCode).not.toBe(0);
      expect(timedOut.stderr).toContain("was killed: freeing its lock");
      expect(timedOut.stdout).toMatch(/after \d+ s still waiting for .*, in phase \w+/);
      expect(await cluster.machine()).toBe(before);
    },
    3 * MINUTES,
  );

  it(
    "is finished by the next `up`, on the machine that was there",
    async () => {
      const before = await cluster.machine();
      await cluster.up("first up", ["--config", "readyTimeout=20m"]);
      bootMs += performance.now();
      expect(await cluster.machine()).toBe(before);
      expect(await processesOf(stack.stateDir, "mirror/serve.ts")).toHaveLength(1);
    },
    25 * MINUTES,
  );
});

describe("a cluster after `up`", () => {
  it("has its node Ready, with our runtime", async () => {
    const nodes = await cluster.items("nodes");
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
        () => cluster.items("pods", "--namespace=kube-system"),
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
      // It waits for the API server, which it need not try again and again for.
      const manager = pods.find(
        ({ metadata }) => metadata.labels?.["k8s-app"] === "kube-controller-manager",
      );
      expect(manager?.status.containerStatuses?.[0]?.restartCount).toBe(0);
    },
    5 * MINUTES,
  );

  it(
    "serves Caddy's page to the workstation",
    async () => {
      const page = await eventually(
        "Caddy answers",
        120,
        async () => (await fetch(cluster.url("demo"))).text(),
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
        () => cluster.items("pods", "--selector=app=flaky"),
        // While the next one has ended too, the kubelet may know of no earlier one.
        (pods) => pods[0]?.status.containerStatuses?.[0]?.lastState?.terminated !== undefined,
      );
      expect(pod?.status.containerStatuses?.[0]?.restartCount).toBeGreaterThan(0);
      expect(pod?.status.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(137);
    },
    5 * MINUTES,
  );

  it(
    "ends a container that takes more memory than it may have, and says why",
    async () => {
      const [pod] = await eventually(
        "the greedy pod has ended",
        120,
        () => cluster.items("pods", "--selector=app=greedy"),
        (pods) => pods[0]?.status.phase === "Failed",
      );
      const { state } = pod?.status.containerStatuses?.[0] ?? {};
      expect(state?.terminated).toMatchObject({ reason: "OOMKilled", exitCode: 137 });
    },
    3 * MINUTES,
  );
});

describe("the node", () => {
  let facts: Facts = {};

  beforeAll(async () => {
    facts = await inspect();
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

  it.each([
    ["corefly list", "list", (app: string) => new RegExp(`\\b${app}\\b`)],
    ["crictl ps", "crictl", (app: string) => new RegExp(`Running\\s+${app}\\s`)],
  ])(
    "shows whoever logs in the cluster's pods with `%s`",
    async (_command, name, line) => {
      const apps = ["etcd", "kube-apiserver", "kube-proxy", "coredns", "caddy", "web"];
      await eventually("all of them are listed", 60, inspect, ({ [name]: text = "" }) =>
        apps.every((app) => line(app).test(text)),
      );
    },
    2 * MINUTES,
  );

  it("lists the kubelet among the pods", () => {
    expect(facts["list"]).toMatch(/\bkubernetes\b.*\brunning\b/);
  });

  it("has no runtime among its packages, and no other runtime's daemon", () => {
    expect(facts["packages"]).toBe("");
    expect(facts["daemons"]).toBe("");
  });

  it("has a kubelet that is given time to end its pods before the machine goes down", () => {
    expect(facts["inhibitors"]).toMatch(/kubelet .*shutdown.* delay/);
  });

  it("has no failed unit", () => {
    expect(facts["failed"]).toBe("");
  });
});

describe("kubectl", () => {
  it(
    "runs commands in a container, feeds them, and tells their exit code",
    async () => {
      const { stdout, exitCode } = await cluster.kubectl(
        ["exec", "--stdin", "deployment/client", "--", "sh", "-c", "sha256sum; exit 7"],
        "heron",
      );
      expect(stdout).toContain(createHash("sha256").update("heron").digest("hex"));
      expect(exitCode).toBe(7);
    },
    2 * MINUTES,
  );

  it(
    "copies a file into a container and out of it",
    async () => {
      const text = randomBytes(300_000).toString("base64");
      const from = await stack.writeFile("there", text);
      const to = join(stack.stateDir, "back");
      const [{ metadata } = { metadata: { name: "" } }] = await cluster.items(
        "pods",
        "--selector=app=client",
      );
      await cluster.kube("cp", from, `default/${metadata.name}:/tmp/there`);
      await cluster.kube("cp", `default/${metadata.name}:/tmp/there`, to);
      expect(await readFile(to, "utf8")).toBe(text);
    },
    2 * MINUTES,
  );
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
    "sees in a refresh that the power was cut",
    async () => {
      await cluster.cutPower(randomInt(8_000, 16_000));
      expect(cluster.writes).toBeGreaterThan(0);
      const { stdout } = await stack.succeed("refresh", [], "[refresh]");
      expect(stdout).toMatch(/QemuMachine e2e-controller-0 .*(?:updated|\[diff:)/);
    },
    3 * MINUTES,
  );

  it(
    "says so when the power is cut while it boots",
    async () => {
      // Later boots are shorter: by half of the first one's time none is over.
      const afterMs = randomInt(Math.round(bootMs / 20), Math.round(bootMs / 2));
      process.stderr.write(`cuts the power ${afterMs} ms after power-on\n`);
      const { exitCode, stdout } = await cluster.upCutAfter(afterMs);
      expect(exitCode).not.toBe(0);
      expect(stdout).toMatch(/the machine .*(?:ended|stopped|gone)/);
    },
    5 * MINUTES,
  );

  it(
    "comes back with its data",
    async () => {
      await cluster.up("up after two power cuts");
      expect(await cluster.lostWrites()).toEqual([]);
    },
    15 * MINUTES,
  );

  it(
    "replaces its controller and keeps the data, on a disk that has grown",
    async () => {
      const before = await cluster.machine();
      expect((await inspect())["etcd-gib"]?.trim()).toBe("4");
      const change = ["--config", "motd=the second one", "--config", "etcdDiskGiB=6"];
      const preview = await stack.succeed("preview", ["--diff", ...change]);
      expect(preview.stdout + preview.stderr).toContain(
        'New machine "e2e-controller-0", because of file /etc/motd',
      );
      const { stdout } = await cluster.up("up with a new controller", change);
      expect(stdout).not.toContain("did not power down");
      expect(await cluster.machine()).not.toBe(before);
      expect(await cluster.lostWrites()).toEqual([]);
      expect((await inspect())["etcd-gib"]?.trim()).toBe("6");
    },
    15 * MINUTES,
  );

  it(
    "leaves nothing behind after `destroy`",
    async () => {
      const urls = [cluster.url("demo"), await cluster.apiServer()];
      const { stdout } = await stack.succeed("destroy", [], "[destroy]");
      expect(stdout).not.toContain("did not power down");
      expect(await processesOf(stack.stateDir, "")).toEqual([]);
      for (const url of urls) {
        expect(await isOpen(Number(new URL(url).port))).toBe(false);
      }
      expect(await readdir(join(stack.stateDir, "stacks")).catch(() => [])).toEqual([]);
    },
    5 * MINUTES,
  );

  it(
    "can be stood up again",
    async () => {
      cluster.forgetWrites();
      await cluster.up("up again");
      expect(await cluster.items("nodes")).toHaveLength(1);
    },
    15 * MINUTES,
  );
});

/** What the inspector found: `name=value`, lines of one name joined. */
type Facts = Readonly<Record<string, string>>;

/** What it found last; it looks again every ten seconds. */
async function inspect(): Promise<Facts> {
  const text = await eventually(
    "the inspector has looked around",
    240,
    () => cluster.kube("logs", "deployment/inspector", "--tail=400"),
    (log) => log.includes("inspected"),
  );
  const facts: Record<string, string> = {};
  for (const line of text.split("inspected\n").at(-2)?.trim().split("\n") ?? []) {
    const [name, value] = line.split(/=(.*)/s, 2) as [string, string];
    facts[name] = name in facts ? `${facts[name]}\n${value}` : value;
  }
  return facts;
}

function clientLog(done: (text: string) => boolean): Promise<string> {
  return eventually(
    "the client has seen the Service",
    300,
    () => cluster.kube("logs", "deployment/client", "--tail=400"),
    done,
  );
}
