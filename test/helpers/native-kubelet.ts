// SPDX-License-Identifier: Apache-2.0
// The real kubelet, standalone, on a test node: it runs what lies in a folder of manifests and needs no API server.
import { type ChildProcess, execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { NODE_IP } from "./cri-node.ts";
import { endProcess, logged } from "./server-process.ts";
import { waitFor } from "./wait-for.ts";

const root = resolve(import.meta.dirname, "../..");

export interface PodStatus {
  readonly phase: string;
  readonly podIP?: string;
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly containerID?: string;
  readonly state: Readonly<
    Record<string, { readonly reason?: string; readonly exitCode?: number }>
  >;
  readonly lastState: Readonly<
    Record<string, { readonly reason?: string; readonly exitCode?: number }>
  >;
}

/** A test node with a CRI server, ours or another: what a kubelet beside it needs to know. */
export interface KubeletNode {
  /** Short: unix sockets below it have at most 107 bytes. */
  readonly dir: string;
  /** The CRI server's. */
  readonly socket: string;
  /** A process in the node's mount and network namespaces. */
  readonly serverPid: number;
  readonly cgroupParent: string;
  /** A program inside the node. */
  spawn(file: string, args: readonly string[]): ChildProcess;
  /** Runs a program inside the node and answers its output. */
  run(file: string, ...args: readonly string[]): string;
}

export class NativeKubelet {
  readonly #node: KubeletNode;
  readonly #dir: string;
  #process: ChildProcess | undefined;
  /** Further flags, for example a kubeconfig. */
  extraArgs: readonly string[] = [];

  /** `config` goes over the KubeletConfiguration that tests usually have. */
  constructor(node: KubeletNode, config: object = {}) {
    this.#node = node;
    this.#dir = join(node.dir, "k");
    for (const name of ["manifests", "root", "logs"]) {
      mkdirSync(join(this.#dir, name), { recursive: true });
    }
    symlinkSync(kubernetesProgram(), join(this.#dir, "kubelet"));
    makeCgroup(node.cgroupParent);
    // JSON is YAML.
    writeFileSync(
      join(this.#dir, "config.yaml"),
      JSON.stringify({ ...this.#configuration(), ...config }),
    );
  }

  /** Starts it and waits until it is healthy. */
  async start(): Promise<void> {
    const args = [
      `--config=${join(this.#dir, "config.yaml")}`,
      `--root-dir=${join(this.#dir, "root")}`,
      "--hostname-override=n1",
      // Without it the kubelet asks the DNS for its own name, which nobody answers here.
      `--node-ip=${NODE_IP}`,
      ...this.extraArgs,
    ];
    this.#process = this.#node.spawn(
      ...logged(join(this.#dir, "log"), join(this.#dir, "kubelet"), args),
    );
    await waitFor(() => this.#get("http://127.0.0.1:10248/healthz") === "ok", 30_000, 250);
  }

  async stop(): Promise<void> {
    await endProcess(this.#process, "SIGTERM");
    this.#process = undefined;
  }

  /** A static pod; its name in the kubelet is `<name>-n1`. */
  apply(name: string, spec: object): void {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "default" },
      spec: { terminationGracePeriodSeconds: 2, ...spec },
    };
    const manifests = join(this.#dir, "manifests");
    // Whole or not at all: the kubelet looks at once, but not at names that begin with a dot.
    writeFileSync(join(manifests, `.${name}`), JSON.stringify(pod));
    renameSync(join(manifests, `.${name}`), join(manifests, `${name}.json`));
  }

  delete(name: string): void {
    rmSync(join(this.#dir, "manifests", `${name}.json`));
  }

  pod(name: string): PodStatus | undefined {
    const list = JSON.parse(this.#get("http://127.0.0.1:10255/pods")) as {
      readonly items:
        | readonly { readonly metadata: { readonly name: string }; readonly status: PodStatus }[]
        | null;
    };
    return list.items?.find(({ metadata }) => metadata.name === `${name}-n1`)?.status;
  }

  container(pod: string, name: string): ContainerStatus | undefined {
    return this.pod(pod)?.containerStatuses?.find((each) => each.name === name);
  }

  /** The kubelet's summary API. */
  summary(): unknown {
    return JSON.parse(this.#get("http://127.0.0.1:10255/stats/summary"));
  }

  /** The log file of a container's n-th life. */
  log(pod: string, container: string, life = 0): string {
    const directory = join(this.#dir, "logs");
    const found =
      readdirSync(directory).find((each) => each.startsWith(`default_${pod}-n1_`)) ?? "";
    return readFileSync(join(directory, found, container, `${life}.log`), "utf8");
  }

  /** What it has written itself; for failures. */
  get ownLog(): string {
    const path = join(this.#dir, "log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  #get(url: string): string {
    return this.#node.run("busybox", "wget", "-q", "-O-", url);
  }

  #configuration(): object {
    return {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      containerRuntimeEndpoint: `unix://${this.#node.socket}`,
      staticPodPath: join(this.#dir, "manifests"),
      podLogsDir: join(this.#dir, "logs"),
      cgroupRoot: this.#node.cgroupParent,
      cgroupDriver: "cgroupfs",
      failCgroupV1: false,
      failSwapOn: false,
      enforceNodeAllocatable: [],
      evictionHard: { "memory.available": "1Mi" },
      authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
      authorization: { mode: "AlwaysAllow" },
      address: "127.0.0.1",
      readOnlyPort: 10255,
      fileCheckFrequency: "1s",
      syncFrequency: "5s",
      clusterDNS: ["10.3.0.10"],
      clusterDomain: "cluster.local",
    };
  }
}

/** The multi-call binary that nodes get; `make test` has built it before. */
function kubernetesProgram(): string {
  const stdout = execFileSync(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(root, "modules/provider/build/main.ts"),
      "obtain",
      "kubernetes",
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  const { kubernetes } = JSON.parse(stdout) as { readonly kubernetes: { readonly path: string } };
  return kubernetes.path;
}

/** The kubelet wants its root cgroup to exist in every hierarchy; a new cpuset of version 1 is empty until it is filled. */
function makeCgroup(name: string): void {
  const base = "/sys/fs/cgroup";
  if (existsSync(join(base, "cgroup.controllers"))) {
    mkdirSync(join(base, name), { recursive: true });
    return;
  }
  for (const controller of readdirSync(base).filter((each) => each !== "unified")) {
    mkdirSync(join(base, controller, name), { recursive: true });
    if (controller === "cpuset") {
      for (const file of ["cpuset.cpus", "cpuset.mems"]) {
        copyFileSync(join(base, controller, file), join(base, controller, name, file));
      }
    }
  }
}
