// SPDX-License-Identifier: Apache-2.0
// A node for tests of the CRI server: mounts and network of its own, which live as long as the node and longer than the
// server, as a real machine's do.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type {
  ContainerConfigSchema,
  ContainerStatus,
  PodSandboxConfigSchema,
} from "../../runtime/cri/api-schema.ts";
import { cniPluginDir } from "./cni-plugins.ts";
import { corefly, coreflyArgv } from "./corefly.ts";
import { type CriClient, criClient, type Init } from "./cri-client.ts";
import { waitFor } from "./wait-for.ts";

export const BUSYBOX = "corefly.dev/busybox:1";
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** The node's own address, where its network is its own. */
export const NODE_IP = "192.168.77.1";
const OWN_NETWORK = `ip link set lo up && ip addr add ${NODE_IP}/32 dev lo`;
const APPLETS =
  "sh cat echo id ls env sleep true false hostname ip ps kill rm mkdir touch httpd wget head dd mount stat printf nc seq stty tty sha256sum tar";

export interface NodeOptions {
  /** The pods' addresses, as "10.219.0.0/24". */
  readonly subnet?: string;
  /** Keeps the network of the test itself, for servers on its loopback. Pods must have the host's network then. */
  readonly hostNetwork?: boolean;
  /** Files below the node's /etc/corefly. */
  readonly config?: Readonly<Record<string, string>>;
}

export class CriNode {
  readonly dir: string;
  readonly client: CriClient;
  readonly #holder: ChildProcess;
  readonly #hostNetwork: boolean;
  #server: ChildProcess | undefined;
  #serial = 0;

  private constructor(dir: string, holder: ChildProcess, hostNetwork: boolean) {
    this.dir = dir;
    this.#hostNetwork = hostNetwork;
    this.#holder = holder;
    this.client = criClient(this.socket);
  }

  /** A node with a running server, a pod network and the image {@link BUSYBOX}. */
  static async start(options: NodeOptions = {}): Promise<CriNode> {
    const { subnet = "10.219.7.0/24", hostNetwork = false } = options;
    // Short: unix sockets below it have at most 107 bytes.
    const dir = mkdtempSync(join(tmpdir(), "cri-"));
    const holder = spawn(
      "unshare",
      [
        "--mount",
        ...(hostNetwork ? [] : ["--net"]),
        "--propagation=private",
        "sh",
        "-c",
        `mount --make-rshared / && ${hostNetwork ? "true" : OWN_NETWORK} && echo ready && exec sleep 100000`,
      ],
      { stdio: ["ignore", "pipe", "inherit"], detached: true },
    );
    await new Promise<void>((resolve, reject) => {
      holder.stdout?.once("data", () => resolve());
      holder.once("exit", () => reject(new Error("Cannot make the namespaces of a test node")));
    });
    const node = new CriNode(dir, holder, hostNetwork);
    mkdirSync(join(dir, "etc/net.d"), { recursive: true });
    writeFileSync(join(dir, "etc/net.d/10-pods.conflist"), network(dir, subnet));
    for (const [name, text] of Object.entries(options.config ?? {})) {
      mkdirSync(dirname(join(dir, "etc", name)), { recursive: true });
      writeFileSync(join(dir, "etc", name), text);
    }
    node.fetch(node.buildBusybox());
    await node.startServer();
    return node;
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

  get log(): string {
    return readFileSync(join(this.dir, "log"), "utf8");
  }

  /** Starts the server and waits for its first answer. */
  async startServer(): Promise<void> {
    const log = join(this.dir, "log");
    const args = coreflyArgv([
      "cri",
      `--dir=${this.dataDir}`,
      `--state-dir=${join(this.dir, "s")}`,
      `--local-config=${join(this.dir, "etc")}`,
      `--system-config=${join(this.dir, "usr")}`,
      `--cni-bin-dir=${cniPluginDir()}`,
      "--log-level=debug",
    ]);
    this.#server = this.spawn(
      "sh",
      [
        "-c",
        'log=$1; shift; exec "$@" >>"$log" 2>&1',
        "sh",
        log,
        process.execPath,
        "--max-semi-space-size=1",
        "--optimize-for-size",
        ...args,
      ],
      "ignore",
    );
    await waitFor(async () => {
      await this.runtime.version({}, { timeoutMs: 500 });
      return true;
    }, 20_000);
  }

  async killServer(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const server = this.#server;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) {
      return;
    }
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill(signal);
    await ended;
    this.#server = undefined;
  }

  /** A program inside the node. */
  spawn(
    file: string,
    args: readonly string[],
    stdio: "ignore" | "inherit" = "ignore",
    env: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    return spawn("nsenter", [...this.#enter(), file, ...args], {
      stdio: ["ignore", stdio, stdio],
      env: { PATH, ...env },
      cwd: "/",
    });
  }

  /** Runs a program inside the node and answers its output. */
  run(file: string, ...args: readonly string[]): string {
    return execFileSync("nsenter", [...this.#enter(), file, ...args], {
      encoding: "utf8",
      env: { PATH },
      cwd: "/",
    });
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
    const spec = join(this.dir, `busybox-${version}.json`);
    const out = join(this.dir, `busybox-${version}.${format}`);
    writeFileSync(spec, JSON.stringify(busyboxSpec(name, version, app)));
    const built = corefly(["image", "build", `--format=${format}`, spec, out]);
    if (built.status !== 0) {
      throw new Error(`Cannot build an image: ${built.stderr}`);
    }
    return out;
  }

  /** A pod with a name that no other has. */
  async runPod(config: Init<typeof PodSandboxConfigSchema> = {}): Promise<string> {
    const { podSandboxId } = await this.runtime.runPodSandbox({ config: this.podConfig(config) });
    return podSandboxId;
  }

  podConfig(config: Init<typeof PodSandboxConfigSchema> = {}): Init<typeof PodSandboxConfigSchema> {
    this.#serial += 1;
    const name = `pod-${this.#serial}`;
    return {
      metadata: { name, uid: `uid-${name}`, namespace: "test", attempt: 0 },
      hostname: name,
      logDirectory: join(this.dir, "logs", name),
      linux: {
        cgroupParent: this.cgroupParent,
        securityContext: { namespaceOptions: { pid: 1 } },
      },
      ...config,
    };
  }

  /** One for each node, so that tests can look whether it is empty again. */
  get cgroupParent(): string {
    return `/${this.dir.slice(this.dir.lastIndexOf("/") + 1)}`;
  }

  /** Created and started; its log is `<log directory>/<name>/0.log`. */
  async runContainer(
    podSandboxId: string,
    name: string,
    command: readonly string[],
    config: Init<typeof ContainerConfigSchema> = {},
  ): Promise<string> {
    const { containerId } = await this.runtime.createContainer({
      podSandboxId,
      config: {
        metadata: { name, attempt: 0 },
        image: { image: BUSYBOX },
        command: [...command],
        logPath: `${name}/0.log`,
        linux: { securityContext: { namespaceOptions: { pid: 1 } } },
        ...config,
      },
    });
    await this.runtime.startContainer({ containerId });
    return containerId;
  }

  async status(containerId: string): Promise<ContainerStatus> {
    const { status } = await this.runtime.containerStatus({ containerId });
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
    const { stdout, stderr, exitCode } = await this.runtime.execSync({
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

  /** Processes that run in this node's mount namespace, or in one that was made from it for a monitor. */
  monitors(): readonly string[] {
    return readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        } catch {
          return "";
        }
      })
      .filter((line) => line.includes("conmon") && line.includes(this.dir));
  }

  /** What pods leave on a node while they live; empty when all are gone. */
  leftovers(): readonly string[] {
    const names = (directory: string) =>
      existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
    return [
      ...["netns", "ipcns", "utsns", "shm", "exits", "attach", "exec"].flatMap((each) =>
        names(join(this.dir, "s", each)),
      ),
      ...["pods/run", "pods/embryo", "pods/garbage", "cri/embryo", "cri/garbage"].flatMap((each) =>
        names(join(this.dataDir, each)),
      ),
      ...names(join(this.dataDir, "net")),
      ...this.run("cat", "/proc/self/mountinfo")
        .split("\n")
        .filter((line) => line.includes(this.dir)),
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
    this.#holder.kill("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
    removeCgroups(this.cgroupParent);
  }

  #enter(): readonly string[] {
    // Through /proc and not -t: the pid could be taken anew.
    const pid = this.#holder.pid ?? 0;
    readlinkSync(`/proc/${pid}/ns/mnt`);
    return [`--target=${pid}`, "--mount", ...(this.#hostNetwork ? [] : ["--net"]), "--"];
  }
}

/** Cgroups are removed one by one, the deepest first; their files go with them. */
function removeCgroups(name: string): void {
  const base = "/sys/fs/cgroup";
  for (const root of [base, ...readdirSync(base).map((each) => join(base, each))]) {
    const directory = join(root, name);
    if (existsSync(directory)) {
      spawnSync("find", [directory, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
    }
  }
}

function network(dir: string, subnet: string): string {
  return JSON.stringify({
    name: "pods",
    cniVersion: "1.0.0",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        ipMasq: true,
        ipMasqBackend: "nftables",
        ipam: {
          type: "host-local",
          dataDir: join(dir, "ipam"),
          ranges: [[{ subnet }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", backend: "nftables", capabilities: { portMappings: true } },
    ],
  });
}

function busyboxSpec(name: string, version: string, app: object): object {
  return {
    name,
    version,
    os: "linux",
    arch: "amd64",
    app: { exec: ["/bin/sh"], environment: [{ name: "PATH", value: "/bin" }], ...app },
    files: [
      { path: "/bin/busybox", source: "/usr/bin/busybox", mode: "0755" },
      ...APPLETS.split(" ").map((applet) => ({ path: `/bin/${applet}`, link: "busybox" })),
      {
        path: "/etc/passwd",
        content: "root:x:0:0::/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\n",
      },
      { path: "/etc/group", content: "root:x:0:\nweb:x:1000:\nlogs:x:50:web\n" },
      { path: "/tmp", directory: true, mode: "1777" },
      { path: "/etc/version", content: `${version}\n` },
    ],
  };
}
