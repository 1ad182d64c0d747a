// SPDX-License-Identifier: Apache-2.0
// An API server with its etcd on a test node, beside the kubelet: what kubectl needs to reach the CRI server as a user does.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { NODE_IP } from "./cri-node.ts";
import { type KubeletNode, NativeKubelet } from "./native-kubelet.ts";
import { endProcess, logged } from "./server-process.ts";
import { waitFor } from "./wait-for.ts";

const root = resolve(import.meta.dirname, "../..");
const TOKEN = "admin-of-a-test";
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface KubectlOptions {
  readonly input?: Buffer | string;
  /** Its stdin does not end after the input. */
  readonly keepsInputOpen?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** A program before kubectl, as one that gives it a terminal. */
  readonly prefix?: readonly string[];
  /** Gets the child, to end it early. */
  readonly started?: (child: ChildProcess) => void;
}

export class NativeCluster {
  readonly dir: string;
  readonly kubelet: NativeKubelet;
  readonly #node: KubeletNode;
  readonly #servers: ChildProcess[] = [];

  /** `config` goes over the kubelet's usual one. */
  constructor(node: KubeletNode, config: object = {}) {
    this.#node = node;
    this.dir = join(node.dir, "a");
    mkdirSync(this.dir);
    this.kubelet = new NativeKubelet(node, config);
  }

  /** Starts everything and waits until the node is registered. */
  async start(): Promise<void> {
    const programs = obtain("kubernetes", "etcd");
    for (const name of ["kube-apiserver", "kubectl"]) {
      symlinkSync(programs["kubernetes"] ?? "", join(this.dir, name));
    }
    symlinkSync(programs["etcd"] ?? "", join(this.dir, "etcd"));
    this.#writeCredentials();
    this.#serve("etcd", `--data-dir=${this.dir}/data`);
    this.#serve(
      "kube-apiserver",
      "--etcd-servers=http://127.0.0.1:2379",
      "--service-account-issuer=https://test.invalid",
      `--service-account-signing-key-file=${this.dir}/sa.key`,
      `--service-account-key-file=${this.dir}/sa.key`,
      "--service-cluster-ip-range=10.3.0.0/24",
      "--authorization-mode=AlwaysAllow",
      "--allow-privileged",
      `--token-auth-file=${this.dir}/tokens.csv`,
      `--cert-dir=${this.dir}/certs`,
      "--bind-address=127.0.0.1",
      `--advertise-address=${NODE_IP}`,
      "--external-hostname=127.0.0.1",
      // Nobody makes service accounts here, nor takes the taint of a new node away.
      "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
      "--kubelet-preferred-address-types=InternalIP",
    );
    const answers = async (text: string, ...args: readonly string[]) =>
      String((await this.kubectl(args)).stdout) === text;
    await waitFor(() => answers("ok", "get", "--raw=/readyz"), 60_000, 500);
    this.kubelet.extraArgs = [`--kubeconfig=${this.dir}/kubeconfig`, "--address=0.0.0.0"];
    await this.kubelet.start();
    await waitFor(() => answers("node/n1\n", "get", "node", "n1", "-o", "name"), 30_000, 500);
  }

  async stop(): Promise<void> {
    await this.kubelet.stop();
    for (const server of this.#servers.reverse()) {
      await endProcess(server, "SIGKILL");
    }
  }

  /** Inside the node. */
  async kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<Ended> {
    const child = spawn(
      "nsenter",
      [
        `--target=${this.#node.serverPid}`,
        "--mount",
        "--root",
        "--net",
        "--",
        ...(options.prefix ?? []),
        join(this.dir, "kubectl"),
        `--kubeconfig=${this.dir}/kubeconfig`,
        ...args,
      ],
      { stdio: ["pipe", "pipe", "pipe"], env: { PATH, HOME: this.dir, ...options.env } },
    );
    options.started?.(child);
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on("error", () => {});
    child.stdin.write(options.input ?? "");
    if (options.keepsInputOpen !== true) {
      child.stdin.end();
    }
    const exitCode = await new Promise<number | null>((done) => child.once("close", done));
    return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
  }

  /** What the API server has written; for failures. */
  get ownLog(): string {
    return readFileSync(join(this.dir, "kube-apiserver.log"), "utf8");
  }

  #serve(name: string, ...args: readonly string[]): void {
    const [log, program] = [join(this.dir, `${name}.log`), join(this.dir, name)];
    this.#servers.push(this.#node.spawn(...logged(log, program, args)));
  }

  #writeCredentials(): void {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ type: "pkcs1", format: "pem" });
    writeFileSync(join(this.dir, "sa.key"), pem, { mode: 0o600 });
    writeFileSync(join(this.dir, "tokens.csv"), `${TOKEN},admin,1,"system:masters"\n`);
    const server = { server: "https://127.0.0.1:6443", "insecure-skip-tls-verify": true };
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster: server }],
      users: [{ name: "admin", user: { token: TOKEN } }],
      contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
      "current-context": "test",
    };
    writeFileSync(join(this.dir, "kubeconfig"), JSON.stringify(kubeconfig), { mode: 0o600 });
  }
}

/** Paths of artefacts by name; `make test` has made them before. */
function obtain(...names: readonly string[]): Readonly<Record<string, string>> {
  const main = join(root, "modules/provider/build/main.ts");
  const stdout = execFileSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", main, "obtain", ...names],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  const found = JSON.parse(stdout) as Readonly<Record<string, { readonly path: string }>>;
  return Object.fromEntries(Object.entries(found).map(([name, { path }]) => [name, path]));
}
