// SPDX-License-Identifier: Apache-2.0
// Pods and containers over the CRI, as tests ask for them: whatever runtime answers.
import { join } from "node:path";
import type {
  ContainerConfigSchema,
  ContainerStatus,
  PodSandboxConfigSchema,
} from "../../runtime/cri/api-schema.ts";
import type { CriClient, Init } from "./cri-client.ts";
import { waitFor } from "./wait-for.ts";

export const BUSYBOX = "corefly.dev/busybox:1";

export class CriPods {
  readonly #dir: string;
  readonly #runtime: CriClient["runtime"];
  readonly #configs = new Map<string, Init<typeof PodSandboxConfigSchema>>();
  #serial = 0;

  /** Logs go below `dir`; its last part names the cgroup of the pods. */
  constructor(dir: string, { runtime }: CriClient) {
    this.#dir = dir;
    this.#runtime = runtime;
  }

  /** One for each node, so that tests can look whether it is empty again. */
  get cgroupParent(): string {
    return `/${this.#dir.slice(this.#dir.lastIndexOf("/") + 1)}`;
  }

  /** A pod with a name that no other has. */
  async runPod(config: Init<typeof PodSandboxConfigSchema> = {}): Promise<string> {
    const whole = this.podConfig(config);
    const { podSandboxId } = await this.#runtime.runPodSandbox({ config: whole });
    this.#configs.set(podSandboxId, whole);
    return podSandboxId;
  }

  podConfig(config: Init<typeof PodSandboxConfigSchema> = {}): Init<typeof PodSandboxConfigSchema> {
    this.#serial += 1;
    const name = `pod-${this.#serial}`;
    return {
      metadata: { name, uid: `uid-${name}`, namespace: "test", attempt: 0 },
      hostname: name,
      logDirectory: join(this.#dir, "logs", name),
      linux: this.inNamespaces({ pid: 1 }),
      ...config,
    };
  }

  /** The `linux` of a pod whose containers have these namespaces: 0 the pod's, 1 their own, 2 the node's. */
  inNamespaces(namespaceOptions: { readonly network?: 0 | 2; readonly pid: 0 | 1 }) {
    return { cgroupParent: this.cgroupParent, securityContext: { namespaceOptions } };
  }

  containerConfig(
    name: string,
    command: readonly string[],
    config: Init<typeof ContainerConfigSchema> = {},
  ): Init<typeof ContainerConfigSchema> {
    return {
      metadata: { name, attempt: 0 },
      image: { image: BUSYBOX },
      command: [...command],
      logPath: `${name}/0.log`,
      linux: { securityContext: { namespaceOptions: { pid: 1 } } },
      ...config,
    };
  }

  /** Created and started; its log is `<log directory>/<name>/0.log`. */
  async runContainer(
    podSandboxId: string,
    name: string,
    command: readonly string[],
    config: Init<typeof ContainerConfigSchema> = {},
  ): Promise<string> {
    const sandboxConfig = this.#configs.get(podSandboxId);
    const { containerId } = await this.#runtime.createContainer({
      podSandboxId,
      config: this.containerConfig(name, command, config),
      // The kubelet sends it, and containerd reads it.
      ...(sandboxConfig && { sandboxConfig }),
    });
    await this.#runtime.startContainer({ containerId });
    return containerId;
  }

  async status(containerId: string): Promise<ContainerStatus> {
    const { status } = await this.#runtime.containerStatus({ containerId });
    if (status === undefined) {
      throw new Error("ContainerStatus has no status");
    }
    return status;
  }

  /** Waits for the end; answers the last status. */
  async exited(containerId: string): Promise<ContainerStatus> {
    await waitFor(async () => (await this.status(containerId)).state === 2);
    return await this.status(containerId);
  }

  /** stdout, stderr and exit code of a command in a container. */
  async exec(containerId: string, ...cmd: readonly string[]) {
    const { stdout, stderr, exitCode } = await this.#runtime.execSync({
      containerId,
      cmd: [...cmd],
      timeout: 10n,
    });
    return {
      exitCode,
      stdout: Buffer.from(stdout).toString(),
      stderr: Buffer.from(stderr).toString(),
    };
  }

  /** After a test that failed in the middle; the others have removed theirs. */
  async removePods(): Promise<void> {
    for (const { id } of (await this.#runtime.listPodSandbox()).items) {
      await this.#runtime.stopPodSandbox({ podSandboxId: id });
      await this.#runtime.removePodSandbox({ podSandboxId: id });
    }
  }
}
