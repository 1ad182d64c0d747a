// SPDX-License-Identifier: Apache-2.0
// One pod as the kubelet leads it, from RunPodSandbox to RemovePodSandbox, against a server that may be killed at any time.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceError } from "@grpc/grpc-js";
import { expect } from "@jest/globals";
import type {
  ContainerConfigSchema,
  PodSandboxConfigSchema,
} from "../../runtime/cri/api-schema.ts";
import type { Init } from "./cri-client.ts";
import type { CriNode } from "./cri-node.ts";

/** gRPC's code when the server is gone. */
const UNAVAILABLE = 14;
const [RUNNING, UNKNOWN] = [1, 3];

export type LifeKind = "plain" | "hostPort" | "sharedPid";

/** What the kubelet asks in this order, by the names of the CRI. */
export const LIFE_STEPS = [
  "RunPodSandbox",
  "CreateContainer",
  "StartContainer",
  "ExecSync",
  "StopContainer",
  "RemoveContainer",
  "StopPodSandbox",
  "RemovePodSandbox",
] as const;
export type LifeStep = (typeof LIFE_STEPS)[number];

export class PodLife {
  readonly #node: CriNode;
  readonly #pod: Init<typeof PodSandboxConfigSchema>;
  readonly #container: Init<typeof ContainerConfigSchema>;
  readonly #name: string;
  /** In the command line of the container's process, and of nothing else. */
  readonly #mark: string;
  readonly #asked = new Set<LifeStep>();
  readonly #answered = new Set<LifeStep>();
  #podSandboxId = "";
  #containerId = "";
  /** The request that waits for its answer. */
  underWay: LifeStep | undefined;
  /** How long each request took, in milliseconds. */
  readonly took = new Map<LifeStep, number>();

  constructor(node: CriNode, kind: LifeKind, hostPort: number) {
    this.#node = node;
    const pid = kind === "sharedPid" ? 0 : 1;
    const pod = node.podConfig(
      kind === "hostPort"
        ? { portMappings: [{ protocol: 0, containerPort: 80, hostPort, hostIp: "" }] }
        : {},
    );
    this.#pod = {
      ...pod,
      linux: {
        cgroupParent: node.cgroupParent,
        securityContext: { namespaceOptions: { pid } },
      },
    };
    this.#name = pod.metadata?.name ?? "";
    this.#mark = join(node.dir, `life-of-${this.#name}.`);
    this.#container = node.pods.containerConfig(
      "main",
      ["sh", "-c", "sleep 100000; true", this.#mark],
      { linux: { securityContext: { namespaceOptions: { pid } } } },
    );
  }

  /** Goes on until the pod is gone or `isOver`. Throws for every refusal except that the server is not there. */
  async lead(isOver: () => boolean): Promise<void> {
    const { runtime } = this.#node;
    const ids = () => ({ podSandboxId: this.#podSandboxId, containerId: this.#containerId });
    const steps: Readonly<Record<LifeStep, () => Promise<unknown>>> = {
      RunPodSandbox: async () => {
        this.#podSandboxId = (await runtime.runPodSandbox({ config: this.#pod })).podSandboxId;
      },
      CreateContainer: async () => {
        const request = { podSandboxId: this.#podSandboxId, config: this.#container };
        this.#containerId = (await runtime.createContainer(request)).containerId;
      },
      StartContainer: () => runtime.startContainer(ids()),
      ExecSync: () => runtime.execSync({ ...ids(), cmd: ["sleep", "0.03"], timeout: 10n }),
      StopContainer: () => runtime.stopContainer({ ...ids(), timeout: 0n }),
      RemoveContainer: () => runtime.removeContainer(ids()),
      StopPodSandbox: () => runtime.stopPodSandbox(ids()),
      RemovePodSandbox: () => runtime.removePodSandbox(ids()),
    };
    for (const step of LIFE_STEPS) {
      if (isOver()) {
        return;
      }
      const startedAt = performance.now();
      this.underWay = step;
      this.#asked.add(step);
      try {
        await steps[step]();
      } catch (error) {
        if (isOver() && (error as ServiceError).code === UNAVAILABLE) {
          return;
        }
        throw error;
      }
      this.#answered.add(step);
      this.took.set(step, performance.now() - startedAt);
      this.underWay = undefined;
    }
  }

  /** Processes of the pod's container, as `pid@start time`. */
  processes(): readonly string[] {
    return marked(this.#mark);
  }

  /**
   * With a new server: what must hold whatever was under way, and the kubelet's next try of the last request that it has
   * no answer to, which leads to a pod that runs. `before` is processes() before the kill.
   */
  async goOn(before: readonly string[]): Promise<void> {
    const { runtime } = this.#node;
    const known = (await runtime.listPodSandbox()).items.filter(
      ({ metadata }) => metadata?.name === this.#name,
    );
    expect(known.length).toBeLessThanOrEqual(1);
    expect(this.processes().length).toBeLessThanOrEqual(1);
    if (this.#asked.has("StopPodSandbox")) {
      return;
    }
    const { podSandboxId } = await runtime.runPodSandbox({ config: this.#pod });
    if (this.#answered.has("RunPodSandbox")) {
      expect(podSandboxId).toBe(this.#podSandboxId);
    }
    const { containers } = await runtime.listContainers({ filter: { podSandboxId } });
    expect(containers.map(({ state }) => state)).not.toContain(UNKNOWN);
    expect(containers.length).toBeLessThanOrEqual(1);
    if (this.#answered.has("CreateContainer") && !this.#asked.has("RemoveContainer")) {
      expect(containers.map(({ id }) => id)).toEqual([this.#containerId]);
    }
    if (this.#answered.has("StartContainer") && !this.#asked.has("StopContainer")) {
      expect(containers.map(({ state }) => state)).toEqual([RUNNING]);
      // Right after its start a process has not taken its own command line yet.
      const [known = this.processes()[0]] = before;
      expect(this.processes()).toEqual([known]);
    }
    await this.#runAgain(podSandboxId, containers[0]);
    expect(this.processes()).toHaveLength(1);
  }

  async #runAgain(
    podSandboxId: string,
    first: { readonly id: string; readonly state: number } | undefined,
  ): Promise<void> {
    const { runtime } = this.#node;
    let containerId = first?.id ?? "";
    if (first === undefined || first.state === 2) {
      const config = { ...this.#container, metadata: { name: "main", attempt: 1 } };
      containerId = (await runtime.createContainer({ podSandboxId, config })).containerId;
    }
    if (first?.state !== RUNNING) {
      await runtime.startContainer({ containerId });
    }
    expect(await this.#node.exec(containerId, "echo", "here")).toMatchObject({ stdout: "here\n" });
  }
}

function marked(mark: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(mark)) {
          return [];
        }
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        return [`${pid}@${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`];
      } catch {
        return []; // ended meanwhile
      }
    });
}
