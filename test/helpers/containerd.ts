// SPDX-License-Identifier: Apache-2.0
// Debian's containerd with crun on a node of its own, installed nowhere: what ours is compared with.
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cniPluginDir } from "./cni-plugins.ts";
import { type CriClient, criClient } from "./cri-client.ts";
import { CriPods } from "./cri-pods.ts";
import { buildImage, busyboxSpec, podNetwork, removeCgroups } from "./node-files.ts";
import { NodeNamespaces } from "./node-namespaces.ts";
import { endProcess, logged } from "./server-process.ts";
import { unpackedArtifact } from "./unpacked-artifact.ts";
import { waitFor } from "./wait-for.ts";

export interface ContainerdOptions {
  /** The pods' addresses, as "10.219.0.0/24". */
  readonly subnet?: string;
  /** As that of a CriNode. */
  readonly hostNetwork?: boolean;
}

const PAUSE = "corefly.dev/pause:1";

export class ContainerdNode {
  readonly dir: string;
  readonly client: CriClient;
  readonly pods: CriPods;
  readonly #namespaces: NodeNamespaces;
  readonly #programs: string;
  #server: ChildProcess | undefined;

  private constructor(dir: string, namespaces: NodeNamespaces, programs: string) {
    this.dir = dir;
    this.#namespaces = namespaces;
    this.#programs = programs;
    this.client = criClient(this.socket);
    this.pods = new CriPods(dir, this.client);
  }

  /** A node with a running containerd, the pod network of a CriNode and the image BUSYBOX. */
  static async start(options: ContainerdOptions = {}): Promise<ContainerdNode> {
    const { subnet = "10.219.8.0/24", hostNetwork = false } = options;
    // Short: unix sockets below it have at most 107 bytes.
    const dir = mkdtempSync(join(tmpdir(), "ctd-"));
    for (const name of ["net.d", "lib", "run", "dev", "s"]) {
      mkdirSync(join(dir, name));
    }
    writeFileSync(join(dir, "net.d/10-pods.conflist"), podNetwork(dir, subnet));
    const namespaces = await NodeNamespaces.make({ hostNetwork, mounts: mounts(dir) });
    const node = new ContainerdNode(
      dir,
      namespaces,
      join(unpackedArtifact("containerd"), "usr/bin"),
    );
    writeFileSync(join(dir, "config.toml"), node.#configuration());
    await node.startServer();
    for (const spec of [pauseSpec(), busyboxSpec("corefly.dev/busybox", "1", {})]) {
      node.ctr("images", "import", buildImage(dir, spec));
    }
    return node;
  }

  get socket(): string {
    return join(this.dir, "s/cri.sock");
  }

  get runtime(): CriClient["runtime"] {
    return this.client.runtime;
  }

  get cgroupParent(): string {
    return this.pods.cgroupParent;
  }

  get serverPid(): number {
    return this.#server?.pid ?? 0;
  }

  get log(): string {
    return readFileSync(join(this.dir, "log"), "utf8");
  }

  /** Starts the server and waits until its CRI answers. */
  async startServer(): Promise<void> {
    this.#server = this.spawn(
      ...logged(join(this.dir, "log"), join(this.#programs, "containerd"), [
        `--config=${join(this.dir, "config.toml")}`,
      ]),
      "ignore",
      // It looks for its shim beside itself, and for what is loaded into kernels, which is not wanted here, in PATH.
      { PATH: `${this.#programs}:/usr/sbin:/usr/bin:/sbin:/bin` },
    );
    await waitFor(async () => {
      await this.runtime.status({}, { timeoutMs: 500 });
      return true;
    }, 20_000);
  }

  /** A program inside the node. */
  spawn: NodeNamespaces["spawn"] = (file, args, stdio, env) =>
    this.#namespaces.spawn(file, args, stdio, env);

  /** Runs a program inside the node and answers its output. */
  run: NodeNamespaces["run"] = (file, ...args) => this.#namespaces.run(file, ...args);

  /** containerd's own client, for what the CRI cannot: images out of files. */
  ctr(...args: readonly string[]): string {
    const program = join(this.#programs, "ctr");
    return this.run(program, `--address=${this.socket}`, "--namespace=k8s.io", ...args);
  }

  /** See {@link CriPods}. */
  runPod: CriPods["runPod"] = (config) => this.pods.runPod(config);
  podConfig: CriPods["podConfig"] = (config) => this.pods.podConfig(config);
  runContainer: CriPods["runContainer"] = (podSandboxId, name, command, config) =>
    this.pods.runContainer(podSandboxId, name, command, config);
  status: CriPods["status"] = (containerId) => this.pods.status(containerId);
  exited: CriPods["exited"] = (containerId) => this.pods.exited(containerId);
  exec: CriPods["exec"] = (containerId, ...cmd) => this.pods.exec(containerId, ...cmd);

  /** The processes that watch this node's pods. */
  shims(): readonly number[] {
    return readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => {
        const words = commandLine(pid);
        return words[0]?.endsWith("containerd-shim-runc-v2") && words.includes(this.socket);
      })
      .map(Number);
  }

  /** Takes everything away, pods included. */
  async remove(): Promise<void> {
    if (this.#server === undefined || this.#server.exitCode !== null) {
      await this.startServer();
    }
    await this.pods.removePods();
    await waitFor(() => this.shims().length === 0);
    await endProcess(this.#server, "SIGTERM");
    this.client.close();
    this.#namespaces.end();
    rmSync(this.dir, { recursive: true, force: true });
    removeCgroups(this.cgroupParent);
  }

  #configuration(): string {
    const cri = 'plugins."io.containerd.grpc.v1.cri"';
    return [
      "version = 2",
      `root = "${join(this.dir, "d")}"`,
      `state = "${join(this.dir, "s/state")}"`,
      'disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]',
      "[grpc]",
      `address = "${this.socket}"`,
      `[${cri}]`,
      `sandbox_image = "${PAUSE}"`,
      "restrict_oom_score_adj = true",
      "disable_apparmor = true",
      "netns_mounts_under_state_dir = true",
      `[${cri}.cni]`,
      `bin_dir = "${cniPluginDir()}"`,
      `conf_dir = "${join(this.dir, "net.d")}"`,
      `[${cri}.containerd]`,
      'default_runtime_name = "crun"',
      `[${cri}.containerd.runtimes.crun]`,
      'runtime_type = "io.containerd.runc.v2"',
      `[${cri}.containerd.runtimes.crun.options]`,
      'BinaryName = "crun"',
      "SystemdCgroup = false",
      '[plugins."io.containerd.internal.v1.opt"]',
      `path = "${join(this.dir, "opt")}"`,
      "",
    ].join("\n");
  }
}

/**
 * Places that have no setting: sockets of shims are in /run, results of CNI plugins in /var/lib. And crun, which is
 * started by the shims in these mounts, takes a machine for one of cgroup version 1 only without `unified`, and gives
 * the /dev/null that is a command's stdin to the command's user.
 */
function mounts(dir: string): string {
  return [
    `mount --bind ${join(dir, "lib")} /var/lib`,
    `mount --bind ${join(dir, "run")} /run`,
    `mount -t tmpfs -o mode=755 dev ${join(dir, "dev")}`,
    `mknod -m 666 ${join(dir, "dev/null")} c 1 3`,
    `mount --bind ${join(dir, "dev/null")} /dev/null`,
    "if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi",
  ].join(" && ");
}

function pauseSpec() {
  return {
    name: "corefly.dev/pause",
    version: "1",
    os: "linux",
    arch: "amd64",
    app: { exec: ["/pause", "-P"] },
    files: [{ path: "/pause", source: "/usr/bin/catatonit", mode: "0755" }],
  };
}

function commandLine(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
