// SPDX-License-Identifier: Apache-2.0
// A cluster of a test stack: what runs in it, what belongs to it on this machine, and the ways to hurt it.
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, type Kubectl, kubectl, kubectlCommand } from "./kubectl.ts";
import { processesOf } from "./processes.ts";
import { type Ran, run } from "./program.ts";
import { TestStack } from "./stack.ts";

export interface Item {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly nodeInfo?: {
      readonly containerRuntimeVersion: string;
      readonly bootID: string;
    };
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state?: ContainerState;
      readonly lastState?: ContainerState;
    }[];
  };
}

interface ContainerState {
  readonly terminated?: { readonly reason: string; readonly exitCode: number };
}

export class LiveCluster {
  readonly stack: TestStack;
  #kube: Kubectl | undefined;
  #urls: Readonly<Record<string, string>> = {};
  #acknowledged: string[] = [];

  private constructor(stack: TestStack) {
    this.stack = stack;
  }

  /** Nothing is stood up yet. */
  static async create(program: string, name: string): Promise<LiveCluster> {
    return new LiveCluster(await TestStack.create(program, name));
  }

  /** `up` to the end. */
  async up(label: string, args: readonly string[] = []): Promise<Ran> {
    const ran = await this.stack.succeed("up", args, `[${label}]`);
    process.stderr.write(`${label}: ${ran.seconds.toFixed(0)} s\n`);
    await this.meet();
    return ran;
  }

  /** Takes kubeconfig and addresses from the stack's outputs. */
  async meet(): Promise<void> {
    this.#kube = await kubectl(await this.stack.writeKubeconfig());
    this.#urls = (await this.stack.outputs())["urls"] as Record<string, string>;
  }

  kube(...args: readonly string[]): Promise<string> {
    if (this.#kube === undefined) throw new Error("The cluster was not stood up yet");
    return this.#kube(...args);
  }

  /** kubectl to its end, whatever that is. */
  async kubectl(args: readonly string[], stdin: string): Promise<Ran> {
    const [file, ...options] = await kubectlCommand(join(this.stack.stateDir, "kubeconfig"));
    return await run(file, [...options, ...args], { stdin });
  }

  url(name: string): string {
    return this.#urls[name] ?? "";
  }

  async items(...query: readonly string[]): Promise<readonly Item[]> {
    const text = await this.kube("get", ...query, "--output=json");
    return (JSON.parse(text) as { items: readonly Item[] }).items;
  }

  async apiServer(): Promise<string> {
    const { kubeconfig } = await this.stack.outputs();
    return /server: (\S+)/.exec(String(kubeconfig))?.[1] ?? "";
  }

  /** The machine's process; there is one node. */
  async machine(): Promise<number | undefined> {
    const [pid, ...others] = await processesOf(this.stack.stateDir, "qemu-system");
    if (others.length > 0) throw new Error(`Found ${1 + others.length} machines, expected one`);
    return pid;
  }

  /**
   * Cuts the power `afterMs` from now. Until then ConfigMaps are written one after the other; those that the API server
   * acknowledged must be there ever after: {@link lostWrites}.
   */
  async cutPower(afterMs: number): Promise<void> {
    const machine = await this.#runningMachine();
    let cut = false;
    const writing = this.#writeUntil(() => cut);
    await sleep(afterMs);
    process.kill(machine, "SIGKILL");
    cut = true;
    await writing;
    await eventually(
      "the machine is gone",
      10,
      () => this.machine(),
      (pid) => pid === undefined,
    );
  }

  /** `up` whose machine loses its power `afterMs` after power-on, be `up` done by then or not. */
  async upCutAfter(afterMs: number): Promise<Ran> {
    const up = this.stack.run("up", [], "[cut up]");
    await eventually(
      "the machine is back",
      60,
      () => this.machine(),
      (pid) => pid !== undefined,
    );
    await sleep(afterMs);
    process.kill(await this.#runningMachine(), "SIGKILL");
    return await up;
  }

  /** How many writes were acknowledged in all. */
  get writes(): number {
    return this.#acknowledged.length;
  }

  /** Acknowledged ConfigMaps that are not there. */
  async lostWrites(): Promise<readonly string[]> {
    const found = new Set(
      (await this.items("configmaps", "--selector=test=survivor")).map(
        (item) => item.metadata.name,
      ),
    );
    return this.#acknowledged.filter((name) => !found.has(name));
  }

  /** A new stack after `destroy` has none of the old one's data. */
  forgetWrites(): void {
    this.#acknowledged = [];
  }

  async #runningMachine(): Promise<number> {
    const machine = await this.machine();
    if (machine === undefined) throw new Error("Found no machine to cut off");
    return machine;
  }

  async #writeUntil(done: () => boolean): Promise<void> {
    while (!done()) {
      const name = `survivor-${this.#acknowledged.length}`;
      const manifest = JSON.stringify({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, labels: { test: "survivor" } },
      });
      try {
        // A write that was cut off may have been done: doing it again is the same write.
        const file = await this.stack.writeFile("survivor.json", manifest);
        await this.kube("apply", "--validate=false", `--filename=${file}`);
      } catch (error) {
        if (done()) return;
        throw error;
      }
      this.#acknowledged.push(name);
    }
  }
}

export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
