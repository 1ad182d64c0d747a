// SPDX-License-Identifier: Apache-2.0
// Where the script runs: a node with one CRI server, the kubelet and the API server of our release, and what users do there.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX } from "../../helpers/cri-node.ts";
import { type Ended, type KubectlOptions, NativeCluster } from "../../helpers/native-cluster.ts";
import type { KubeletNode } from "../../helpers/native-kubelet.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** So that back-off and log rotation, which are the kubelet's, show within seconds. */
const KUBELET = {
  crashLoopBackOff: { maxContainerRestartPeriod: "2s" },
  containerLogMaxSize: "64Ki",
  containerLogMaxFiles: 20,
  containerLogMonitorInterval: "3s",
  maxPods: 200,
};

export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly running?: { readonly startedAt: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly reason: string;
    readonly message?: string;
    readonly startedAt: string;
    readonly finishedAt: string;
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly started?: boolean;
  readonly restartCount: number;
  readonly containerID?: string;
  readonly state: ContainerState;
  readonly lastState: ContainerState;
  readonly resources?: object;
}

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
    }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
  };
}

export class Place {
  readonly cluster: NativeCluster;
  readonly node: KubeletNode;
  /** A directory of the node that pods may mount. */
  readonly scratch: string;
  #pods: { readonly items: readonly Pod[]; readonly at: number } = { items: [], at: 0 };

  constructor(node: KubeletNode, cluster = new NativeCluster(node, KUBELET)) {
    this.node = node;
    this.cluster = cluster;
    this.scratch = join(node.dir, "scratch");
    mkdirSync(this.scratch, { recursive: true });
  }

  async kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<Ended> {
    return await this.cluster.kubectl(args, options);
  }

  /** What it printed; throws when kubectl fails. */
  async read(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.kubectl(args);
    if (exitCode !== 0) {
      throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    }
    return stdout.toString();
  }

  /** All at once: one process of kubectl. */
  async create(name: string, items: readonly object[]): Promise<void> {
    const path = join(this.cluster.dir, `${name}.json`);
    writeFileSync(path, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    await this.read("create", "-f", path);
  }

  /** The pod as the API server has it, at most half a second old. */
  async pod(name: string): Promise<Pod | undefined> {
    if (performance.now() - this.#pods.at > 500) {
      const { items } = JSON.parse(await this.read("get", "pods", "-o=json"));
      this.#pods = { items, at: performance.now() };
    }
    return this.#pods.items.find(({ metadata }) => metadata.name === name);
  }

  /** Waits until the pod is as wanted; says in the error how it was at the end. */
  async until(name: string, isDone: (pod: Pod) => boolean, timeoutMs = 60_000): Promise<Pod> {
    let last: Pod | undefined;
    try {
      await waitFor(
        async () => {
          last = await this.pod(name);
          return last !== undefined && isDone(last);
        },
        timeoutMs,
        250,
      );
    } catch (cause) {
      throw new Error(`Pod "${name}" is ${JSON.stringify(last?.status)}`, { cause });
    }
    return last as Pod;
  }

  async gone(name: string, timeoutMs = 60_000): Promise<void> {
    await waitFor(async () => (await this.pod(name)) === undefined, timeoutMs, 250);
  }

  async logs(pod: string, container: string, ...more: readonly string[]): Promise<string> {
    return await this.read("logs", pod, "-c", container, ...more);
  }

  /** What a pod has written below its directory of {@link scratch}. */
  scratchFile(name: string): string {
    return readFileSync(join(this.scratch, name), "utf8");
  }

  /** Names of a container's log files: the one that is written and those that were rotated away. */
  logFiles(pod: string, container: string): readonly string[] {
    const logs = join(this.node.dir, "k/logs");
    const found = readdirSync(logs).find((each) => each.startsWith(`default_${pod}_`)) ?? "";
    return readdirSync(join(logs, found, container));
  }

  async eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
    await waitFor(condition, 30_000, 250);
  }
}

/** Both outputs by one pipe, so that their order in the log is theirs. */
export const sh = (script: string): { readonly command: readonly string[] } => ({
  command: ["sh", "-c", `exec 2>&1; ${script}`],
});

/** A pod on the one node, whose containers have our image unless they say another. */
export function podObject(name: string, spec: PodSpec): object {
  const complete = (containers: readonly object[] | undefined) =>
    containers?.map((each) => ({ image: BUSYBOX, imagePullPolicy: "Never", ...each }));
  const { initContainers, containers, labels, ...rest } = spec;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: name, ...labels } },
    spec: {
      nodeName: "n1",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 1,
      restartPolicy: "Never",
      ...rest,
      ...(initContainers === undefined ? {} : { initContainers: complete(initContainers) }),
      containers: complete(containers),
    },
  };
}

export interface PodSpec {
  readonly containers: readonly object[];
  readonly initContainers?: readonly object[];
  readonly labels?: object;
  readonly [field: string]: unknown;
}
