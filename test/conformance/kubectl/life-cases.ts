// SPDX-License-Identifier: Apache-2.0
// What becomes of the pods of life-pods.ts, and of what users do to them.
import { spawnSync } from "node:child_process";
import { type Case, told } from "./case.ts";
import { chatty } from "./life-pods.ts";
import type { ContainerStatus, Place, Pod } from "./place.ts";

const container = (pod: Pod, name: string): ContainerStatus | undefined =>
  pod.status.containerStatuses?.find((each) => each.name === name);

const last = (pod: Pod, name: string): string => {
  const { exitCode, reason } = container(pod, name)?.lastState.terminated ?? {};
  return `${exitCode} ${reason}`;
};

const probes: readonly Case[] = [
  {
    name: "probes: http, tcp, grpc and exec make ready; one that is never done does not",
    see: async (place) => {
      const pod = await place.until("probes", ({ status }) =>
        ["http", "tcp", "grpc", "exec"].every((name) =>
          status.containerStatuses?.some((each) => each.name === name && each.ready),
        ),
      );
      const statuses = pod.status.containerStatuses ?? [];
      return {
        ready: Object.fromEntries(statuses.map(({ name, ready }) => [name, ready])),
        restarts: statuses.map(({ restartCount }) => restartCount),
      };
    },
    expected: {
      ready: { http: true, tcp: true, grpc: true, exec: true, late: false },
      restarts: [0, 0, 0, 0, 0],
    },
  },
  {
    name: "probes: by liveness and startup that fail, containers are asked to end, killed and started again",
    see: async (place) => {
      const pod = await place.until(
        "lively",
        (each) =>
          (container(each, "polite")?.restartCount ?? 0) > 0 &&
          (container(each, "deaf")?.restartCount ?? 0) > 0,
      );
      return [last(pod, "polite"), last(pod, "deaf")];
    },
    expected: ["9 Error", "137 Error"],
  },
];

const restarts: readonly Case[] = [
  {
    name: "restarts: a container that fails is tried again, ever more slowly",
    see: async (place) => {
      const pod = await place.until(
        "loop",
        (each) =>
          (container(each, "c")?.restartCount ?? 0) >= 2 &&
          container(each, "c")?.state.waiting?.reason === "CrashLoopBackOff",
      );
      // By the time that its log is asked for, the one before may have been tidied away for one that came after it.
      await place.eventually(
        async () =>
          (await place.kubectl(["logs", "loop", "--previous"])).stdout.toString() === "try\n",
      );
      return last(pod, "c");
    },
    expected: "3 Error",
  },
];

/** Every directory of a pod's cgroups, in whichever hierarchy. Some go while they are looked for. */
const cgroupsOf = (uid: string): string =>
  spawnSync("find", ["/sys/fs/cgroup", "-maxdepth", "6", "-name", `*${uid}*`], {
    encoding: "utf8",
  }).stdout;

async function deleted(place: Place, name: string, ...how: readonly string[]) {
  const pod = await place.until(name, ({ status }) => status.phase === "Running");
  const start = performance.now();
  const ended = told(await place.kubectl(["delete", "pod", name, ...how]));
  const ms = performance.now() - start;
  return { ended, ms, uid: pod.metadata.uid };
}

const ends: readonly Case[] = [
  {
    name: "hooks: postStart before a container counts as running, preStop to its end before it is asked to end",
    see: async (place) => {
      const { ended } = await deleted(place, "hooks", "--grace-period=20");
      return { ended, log: place.scratchFile("hooks/log") };
    },
    expected: {
      ended: { exitCode: 0, stdout: 'pod "hooks" deleted from default namespace\n', stderr: "" },
      log: "post\npre\nslept\nterm\n",
    },
  },
  {
    name: "hooks: a postStart that fails ends its container, and an event says so",
    see: async (place) => {
      const pod = await place.until("bad-hook", ({ status }) => status.phase === "Failed");
      const { terminated } = container(pod, "c")?.state ?? {};
      const events = await place.read(
        "get",
        "events",
        "--field-selector=involvedObject.name=bad-hook,reason=FailedPostStartHook",
        "-o=jsonpath={.items[0].message}",
      );
      return [terminated?.exitCode, events];
    },
    expected: [137, "PostStartHook failed"],
  },
  {
    name: "delete: a container that is deaf has its grace, then it is killed",
    see: async (place) => {
      const { ended, ms } = await deleted(place, "slow", "--grace-period=3");
      return { ended, hadGrace: ms >= 3000, wasKilled: ms < 15_000 };
    },
    expected: {
      ended: { exitCode: 0, stdout: 'pod "slow" deleted from default namespace\n', stderr: "" },
      hadGrace: true,
      wasKilled: true,
    },
  },
  {
    name: "delete: --force is answered at once, and the pod's processes go too",
    see: async (place) => {
      const { ended, ms, uid } = await deleted(place, "forced", "--force", "--grace-period=0");
      await place.eventually(() => cgroupsOf(uid) === "");
      return { ended, atOnce: ms < 3000 };
    },
    expected: {
      ended: {
        exitCode: 0,
        stdout: 'pod "forced" force deleted from default namespace\n',
        stderr:
          "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. " +
          "The resource may continue to run on the cluster indefinitely.\n",
      },
      atOnce: true,
    },
  },
];

const FILES =
  "cd /sys/fs/cgroup; if [ -e cgroup.controllers ]; then cut -d' ' -f1 cpu.max; cat memory.max; " +
  "else cat cpu/cpu.cfs_quota_us memory/memory.limit_in_bytes; fi";

const limits: readonly Case[] = [
  {
    name: "resize: new limits in a container that goes on, and one that asks for a restart",
    see: async (place) => {
      const before = await place.until("resized", (each) => container(each, "c")?.started === true);
      const resources = (memory: string, more: object = {}) => ({
        limits: { memory, ...more },
        requests: { memory, ...more },
      });
      const patch = {
        spec: {
          containers: [
            { name: "c", resources: resources("48Mi", { cpu: "200m" }) },
            { name: "again", resources: resources("40Mi") },
          ],
        },
      };
      const words = [
        "patch",
        "pod",
        "resized",
        "--subresource=resize",
        `--patch=${JSON.stringify(patch)}`,
      ];
      const patched = told(await place.kubectl(words));
      const after = await place.until("resized", (each) => {
        const status = JSON.stringify(container(each, "c")?.resources);
        return (
          status.includes("200m") &&
          status.includes("48Mi") &&
          (container(each, "again")?.restartCount ?? 0) > 0
        );
      });
      return {
        patched,
        files: await place.read("exec", "resized", "-c", "c", "--", "sh", "-c", FILES),
        isSame: container(before, "c")?.containerID === container(after, "c")?.containerID,
        restarts: ["c", "again"].map((name) => container(after, name)?.restartCount),
        again: container(after, "again")?.resources,
      };
    },
    expected: {
      patched: { exitCode: 0, stdout: "pod/resized patched\n", stderr: "" },
      files: "20000\n50331648\n",
      isSame: true,
      restarts: [0, 1],
      again: { limits: { memory: "40Mi" }, requests: { memory: "40Mi" } },
    },
  },
];

const network: readonly Case[] = [
  {
    name: "ports: a port of the host reaches the pod's",
    see: async (place) => {
      await place.until("ports", ({ status }) => status.phase === "Running");
      const ask = "echo by tcp | busybox nc -w 5 192.168.77.1 18080";
      return place.node.run("sh", "-c", ask);
    },
    expected: "by tcp\n",
  },
];

const logs: readonly Case[] = [
  {
    name: "logs -f: every line once and in order, while the log is rotated under it",
    see: async (place) => {
      await place.create("chatty", [chatty]);
      await place.until("chatty", ({ status }) => status.phase === "Running");
      const { exitCode, stdout, stderr } = await place.kubectl(["logs", "-f", "chatty"]);
      const numbers = stdout.toString().match(/\d+/g)?.map(Number) ?? [];
      const wrong = numbers.findIndex((number, index) => number !== index + 1);
      const files = place.logFiles("chatty", "c");
      return { exitCode, stderr, lines: numbers.length, wrong, isRotated: files.length > 1 };
    },
    expected: { exitCode: 0, stderr: "", lines: 4000, wrong: -1, isRotated: true },
  },
  {
    name: "logs: long lines, bytes that are no text, no end of line; by number, by size, with times",
    see: async (place) => {
      await place.until("odd", ({ status }) => status.phase === "Succeeded");
      const all = await place.kubectl(["logs", "odd"]);
      const times = await place.read("logs", "odd", "--timestamps", "--tail=1");
      return {
        whole: all.stdout.toString("latin1").replace(/x{40000}/, "40000 x"),
        tail: await place.read("logs", "odd", "--tail=2"),
        size: await place.read("logs", "odd", "--limit-bytes=10"),
        times: times.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z /, "TIME "),
      };
    },
    expected: {
      whole: "40000 x\na\tb\x01\xff\r\n\nno end",
      tail: "\nno end",
      size: "xxxxxxxxxx",
      times: "TIME no end",
    },
    theirs: {
      expected: {
        whole: "40000 x\na\tb\x01\xff\n\nno end",
        tail: "\nno end",
        size: "xxxxxxxxxx",
        times: "TIME no end",
      },
      because: "containerd takes a carriage return at the end of a line away",
    },
  },
];

const stats: readonly Case[] = [
  {
    name: "stats: the kubelet's summary has all fields of a pod and its container, with sane values",
    see: async (place) => {
      const path = "/api/v1/nodes/n1/proxy/stats/summary";
      let pod: Summary | undefined;
      await place.eventually(async () => {
        const { pods } = JSON.parse(await place.read("get", "--raw", path)) as {
          readonly pods: readonly Summary[];
        };
        pod = pods.find(({ podRef }) => podRef.name === "lines");
        return (
          pod?.containers[0]?.cpu.usageNanoCores !== undefined &&
          pod.cpu?.usageNanoCores !== undefined
        );
      });
      const { cpu, memory, rootfs } = pod?.containers[0] ?? {};
      const fields = fieldsOf(pod);
      return {
        missing: SUMMARY_FIELDS.filter((each) => !fields.includes(each)),
        cpu: (cpu?.usageCoreNanoSeconds ?? 0) > 1_000_000,
        memory: within(memory?.workingSetBytes, 50_000, 64 << 20),
        rootfs: within(rootfs?.usedBytes, 1_000_000, 20_000_000),
      };
    },
    expected: { missing: [], cpu: true, memory: true, rootfs: true },
  },
];

const FILE_SYSTEM = [
  "availableBytes",
  "capacityBytes",
  "inodes",
  "inodesFree",
  "inodesUsed",
  "time",
  "usedBytes",
];
const CPU = ["time", "usageCoreNanoSeconds", "usageNanoCores"];
const MEMORY = ["time", "usageBytes", "workingSetBytes", "rssBytes", "pageFaults"];

/** What eviction, `kubectl top` and dashboards read. Swap and pressure are there where the kernel has them. */
const SUMMARY_FIELDS = [
  "podRef.name",
  "startTime",
  ...CPU.flatMap((name) => [`cpu.${name}`, `containers.cpu.${name}`]),
  ...MEMORY.flatMap((name) => [`memory.${name}`, `containers.memory.${name}`]),
  ...FILE_SYSTEM.flatMap((name) => [
    `containers.rootfs.${name}`,
    `containers.logs.${name}`,
    `ephemeral-storage.${name}`,
  ]),
];

interface Summary {
  readonly podRef: { readonly name: string };
  readonly cpu?: { readonly usageNanoCores?: number };
  readonly containers: readonly {
    readonly cpu: { readonly usageNanoCores?: number; readonly usageCoreNanoSeconds?: number };
    readonly memory: { readonly workingSetBytes?: number };
    readonly rootfs: { readonly usedBytes?: number };
  }[];
}

const within = (value: number | undefined, least: number, most: number): boolean =>
  value !== undefined && value >= least && value <= most;

/** The paths of all values, as "containers.cpu.time". */
function fieldsOf(value: unknown, path = ""): readonly string[] {
  if (Array.isArray(value)) {
    return [...new Set(value.flatMap((each) => fieldsOf(each, path)))].sort();
  }
  if (typeof value !== "object" || value === null) {
    return [path];
  }
  return Object.entries(value)
    .flatMap(([key, each]) => fieldsOf(each, path === "" ? key : `${path}.${key}`))
    .sort();
}

export const LIFE_CASES: readonly Case[] = [
  ...probes,
  ...restarts,
  ...ends,
  ...limits,
  ...network,
  ...logs,
  ...stats,
];
