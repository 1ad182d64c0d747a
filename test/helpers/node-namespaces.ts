// SPDX-License-Identifier: Apache-2.0
// Mounts and network of a test node: they live as long as the node and longer than any program in it.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readlinkSync } from "node:fs";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** The node's own address, where its network is its own. */
export const NODE_IP = "192.168.77.1";
const OWN_NETWORK = `ip link set lo up && ip addr add ${NODE_IP}/32 dev lo`;
/**
 * Runs `$1` where "/" is the root of the mount namespace. It is not where the tests run in a chroot, and who enters a container's
 * mounts from there (as `crun exec` does) comes out above the chroot.
 */
const OWN_ROOT = `
above="nsenter --mount=/proc/self/ns/mnt"
root="grep mnt_id /proc/self/fdinfo/3 3</"
if [ "$(sh -c "$root")" = "$($above sh -c "$root")" ]; then exec sh -c "$1"; fi
exec $above --wd=/ sh -c 'pivot_root . . && umount -l . && exec chroot . sh -c "$1"' sh "$1"`;

export interface NamespaceOptions {
  /** Keeps the network of the test itself, for servers on its loopback. Pods must have the host's network then. */
  readonly hostNetwork: boolean;
  /** A shell command that changes the mounts, while they are private already and not yet shared. */
  readonly mounts?: string;
}

export class NodeNamespaces {
  readonly #holder: ChildProcess;
  readonly #hostNetwork: boolean;

  private constructor(holder: ChildProcess, hostNetwork: boolean) {
    this.#holder = holder;
    this.#hostNetwork = hostNetwork;
  }

  static async make({ hostNetwork, mounts = "true" }: NamespaceOptions): Promise<NodeNamespaces> {
    const network = hostNetwork ? "true" : OWN_NETWORK;
    const holder = spawn(
      "unshare",
      [
        "--mount",
        ...(hostNetwork ? [] : ["--net"]),
        "--propagation=private",
        "sh",
        "-c",
        OWN_ROOT,
        "sh",
        `${mounts} && mount --make-rshared / && ${network} && echo ready && exec sleep 100000`,
      ],
      { stdio: ["ignore", "pipe", "inherit"], detached: true },
    );
    await new Promise<void>((resolve, reject) => {
      holder.stdout?.once("data", () => resolve());
      holder.once("exit", () => reject(new Error("Cannot make the namespaces of a test node")));
    });
    return new NodeNamespaces(holder, hostNetwork);
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

  /** The namespaces go with their last process. */
  end(): void {
    this.#holder.kill("SIGKILL");
  }

  #enter(): readonly string[] {
    // Through /proc and not -t: the pid could be taken anew.
    const pid = this.#holder.pid ?? 0;
    readlinkSync(`/proc/${pid}/ns/mnt`);
    // Another mount namespace begins at its own root, which is not ours where the tests run in a chroot.
    return [`--target=${pid}`, "--mount", "--root", ...(this.#hostNetwork ? [] : ["--net"]), "--"];
  }
}
