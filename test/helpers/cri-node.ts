// SPDX-License-Identifier: Apache-2.0
// A node for tests of the CRI server: mounts and network of its own, which live as long as the node and longer than the
// server, as a real machine's do.
import { type ChildProcess, execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cniPluginDir } from "./cni-plugins.ts";
import { corefly, coreflyArgv } from "./corefly.ts";
import { type CriClient, criClient } from "./cri-client.ts";
import { CriPods } from "./cri-pods.ts";
import { buildImage, busyboxSpec, podNetwork, removeCgroups } from "./node-files.ts";
import { NodeNamespaces } from "./node-namespaces.ts";
import { endProcess, logged } from "./server-process.ts";
import { waitFor } from "./wait-for.ts";

export { BUSYBOX } from "./cri-pods.ts";
export { NODE_IP } from "./node-namespaces.ts";

export interface NodeOptions {
  /** The pods' addresses, as "10.219.0.0/24". */
  readonly subnet?: string;
  /** Keeps the network of the test itself, for servers on its loopback. Pods must have the host's network then. */
  readonly hostNetwork?: boolean;
  /** Files below the node's /etc/corefly. */
  readonly config?: Readonly<Record<string, string>>;
  /** Another program than the sources, as Node's arguments before the verb: the bundle. */
  readonly program?: readonly string[];
  /** Gives the data directory a disk of its own, as "16m". */
  readonly dataSize?: string;
  /** Further arguments of the server. */
  readonly serverArgs?: readonly string[];
  /** A folder whose programs come before the host's. */
  readonly programs?: string;
  /** A server that has ended by SIGTERM leaves its compiled sources to the next, which starts in a third of the time. */
  readonly compileCache?: boolean;
  /** Default "debug". */
  readonly logLevel?: "debug" | "info";
}

export class CriNode {
  readonly dir: string;
  readonly client: CriClient;
  readonly pods: CriPods;
  readonly #namespaces: NodeNamespaces;
  readonly #options: NodeOptions;
  #server: ChildProcess | undefined;

  private constructor(dir: string, namespaces: NodeNamespaces, options: NodeOptions) {
    this.dir = dir;
    this.#namespaces = namespaces;
    this.#options = options;
    this.client = criClient(this.socket);
    this.pods = new CriPods(dir, this.client);
  }

  /** A node with a running server, a pod network and the image {@link BUSYBOX}. */
  static async start(options: NodeOptions = {}): Promise<CriNode> {
    const { hostNetwork = false, dataSize } = options;
    // Short: unix sockets below it have at most 107 bytes.
    const dir = mkdtempSync(join(tmpdir(), "cri-"));
    if (dataSize !== undefined) {
      mkdirSync(join(dir, "d"));
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${dataSize}`, "data", join(dir, "d")]);
    }
    const node = new CriNode(dir, await NodeNamespaces.make({ hostNetwork }), options);
    try {
      node.#writeConfig();
      node.fetch(node.buildBusybox());
      await node.startServer();
      return node;
    } catch (cause) {
      // Nobody else can: a test that has no node would wait for its programs.
      const log = existsSync(join(dir, "log")) ? node.log : "";
      await node.killServer();
      node.#namespaces.end();
      throw new Error(`Cannot start a node: ${log}`, { cause });
    }
  }

  #writeConfig(): void {
    const { subnet = "10.219.7.0/24", config = {} } = this.#options;
    const files = { "net.d/10-pods.conflist": podNetwork(this.dir, subnet), ...config };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.dir, "etc", name)), { recursive: true });
      writeFileSync(join(this.dir, "etc", name), text);
    }
  }

  get socket(): string {
    return join(this.dir, "s/cri.sock");
  }

  get dataDir(): string {
    return join(this.dir, "d");
  }

  get runtime(): CriClient["runtime"] {
    return this.client.runtime;
  }

  get serverPid(): number {
    return this.#server?.pid ?? 0;
  }

  /** Where the server's loopback is. */
  get netns(): string {
    return `/proc/${this.serverPid}/ns/net`;
  }

  /** The server's memory. */
  get residentKb(): number {
    const status = readFileSync(`/proc/${this.serverPid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  }

  get log(): string {
    return readFileSync(join(this.dir, "log"), "utf8");
  }

  /** Starts the server and waits for its first answer. */
  async startServer(): Promise<void> {
    this.spawnServer();
    await waitFor(async () => {
      await this.runtime.version({}, { timeoutMs: 500 });
      return true;
    }, 20_000);
  }

  /** Starts the server and waits for nothing. */
  spawnServer(): void {
    const { program = coreflyArgv([]), logLevel = "debug", programs, compileCache } = this.#options;
    const args = [
      "--max-semi-space-size=1",
      "--optimize-for-size",
      ...program,
      "cri",
      `--dir=${this.dataDir}`,
      `--state-dir=${join(this.dir, "s")}`,
      `--local-config=${join(this.dir, "etc")}`,
      `--system-config=${join(this.dir, "usr")}`,
      `--cni-bin-dir=${cniPluginDir()}`,
      `--log-level=${logLevel}`,
      ...(this.#options.serverArgs ?? []),
    ];
    this.#server = this.spawn(...logged(join(this.dir, "log"), process.execPath, args), "ignore", {
      ...(programs === undefined ? {} : { PATH: `${programs}:/usr/sbin:/usr/bin:/sbin:/bin` }),
      ...(compileCache ? { NODE_COMPILE_CACHE: join(this.dir, "compiled") } : {}),
    });
  }

  async killServer(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await endProcess(this.#server, signal);
    this.#server = undefined;
  }

  /** A program inside the node. */
  spawn(
    file: string,
    args: readonly string[],
    stdio: "ignore" | "inherit" = "ignore",
    env: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    return this.#namespaces.spawn(file, args, stdio, env);
  }

  /** Runs a program inside the node and answers its output. */
  run(file: string, ...args: readonly string[]): string {
    return this.#namespaces.run(file, ...args);
  }

  /** An image file into the store. */
  fetch(path: string): void {
    const fetched = corefly(["fetch", `--dir=${this.dataDir}`, "--insecure-options=image", path]);
    if (fetched.status !== 0) {
      throw new Error(`Cannot fetch: ${fetched.stderr}`);
    }
  }

  /** Writes a busybox image; `version` is its tag. */
  buildBusybox(
    version = "1",
    format: "oci" | "aci" = "oci",
    name = "corefly.dev/busybox",
    app: object = {},
  ): string {
    return buildImage(this.dir, busyboxSpec(name, version, app), format);
  }

  /** One for each node, so that tests can look whether it is empty again. */
  get cgroupParent(): string {
    return this.pods.cgroupParent;
  }

  /** See {@link CriPods}. */
  runPod: CriPods["runPod"] = (config) => this.pods.runPod(config);
  podConfig: CriPods["podConfig"] = (config) => this.pods.podConfig(config);
  runContainer: CriPods["runContainer"] = (podSandboxId, name, command, config) =>
    this.pods.runContainer(podSandboxId, name, command, config);
  status: CriPods["status"] = (containerId) => this.pods.status(containerId);
  exited: CriPods["exited"] = (containerId) => this.pods.exited(containerId);
  exec: CriPods["exec"] = (containerId, ...cmd) => this.pods.exec(containerId, ...cmd);

  /** Command lines of conmon and of crun for containers of this node. */
  monitors(): readonly string[] {
    return this.#programs().map(({ line }) => line);
  }

  monitorPids(): readonly number[] {
    return this.#programs()
      .filter(({ line }) => line.includes("conmon"))
      .map(({ pid }) => pid);
  }

  #programs(): readonly { readonly pid: number; readonly line: string }[] {
    return readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid))
      .map((pid) => {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
          return { pid: Number(pid), line };
        } catch {
          return { pid: 0, line: "" }; // ended meanwhile
        }
      })
      .filter(({ line }) => /conmon|crun/.test(line) && line.includes(this.dir));
  }

  /** What pods leave in the node's network, beside the bridge: interfaces, and rules that name an address or a port. */
  networkLeftovers(): readonly string[] {
    const links = this.run("ip", "-o", "link").trim().split("\n");
    const rules = this.run("nft", "list", "ruleset").split("\n");
    return [
      ...links.filter((line) => !/^\d+: (?:lo|cni0)[:@]/.test(line)),
      ...rules.filter((line) => / saddr \d| dport \d| dnat to /.test(line)),
    ].map((each) => each.trim());
  }

  /** What pods leave on a node while they live; empty when all are gone. */
  leftovers(): readonly string[] {
    const names = (directory: string) =>
      existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
    return [
      ...["netns", "ipcns", "utsns", "shm", "exits", "ends", "attach", "exec"].flatMap((each) =>
        names(join(this.dir, "s", each)),
      ),
      ...["pods/run", "pods/embryo", "pods/garbage", "cri/embryo", "cri/garbage"].flatMap((each) =>
        names(join(this.dataDir, each)),
      ),
      ...names(join(this.dataDir, "net")),
      ...this.run("cat", "/proc/self/mountinfo")
        .split("\n")
        .filter((line) => line.includes(this.dir) && !line.includes(` ${this.dataDir} `)),
      ...names(join(this.dir, "ipam/pods")).filter((each) => /\/\d+\./.test(each)),
      ...this.monitors(),
      ...this.cgroups(),
    ].map((each) => each.slice(0, 200));
  }

  cgroups(): readonly string[] {
    return ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"]
      .map((root) => join(root, this.cgroupParent))
      .filter((path) => existsSync(path))
      .flatMap((path) =>
        readdirSync(path, { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => join(path, name)),
      );
  }

  /** After a test that failed in the middle; the others have removed theirs. */
  async removePods(): Promise<void> {
    for (const { id } of (await this.runtime.listPodSandbox()).items) {
      await this.runtime.removePodSandbox({ podSandboxId: id });
    }
  }

  /** Takes everything away, pods included. */
  async remove(): Promise<void> {
    if (this.#server === undefined) {
      await this.startServer();
    }
    await this.removePods();
    await this.killServer("SIGTERM");
    this.client.close();
    this.#namespaces.end();
    if (this.#options.dataSize !== undefined) {
      execFileSync("umount", ["--lazy", this.dataDir]);
    }
    rmSync(this.dir, { recursive: true, force: true });
    removeCgroups(this.cgroupParent);
  }
}
