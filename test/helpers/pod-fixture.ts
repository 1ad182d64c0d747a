// SPDX-License-Identifier: Apache-2.0
// A data directory with pods in it, run from a busybox directory instead of a stored image.
import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { uuidOfSandboxId, writeSandboxRecord } from "../../runtime/pod/sandbox-record.ts";
import { mountPointsBelow } from "../../runtime/system/files.ts";
import { linuxSystem } from "../../runtime/system/linux.ts";
import { makeBusyboxRoot } from "./busybox-image.ts";

export interface PodFixture {
  readonly dir: string;
  readonly dataDir: string;
  readonly layer: string;
  /** Runs a pod to its end. `app` is what the image says about itself. */
  run(args: readonly string[], app?: object): SpawnSyncReturns<string>;
  /** As run(), in the terminal of test/fixtures/bin/in-terminal.py; `prefix` is a program that runs it there. */
  runInTerminal(args: readonly string[], prefix?: readonly string[]): SpawnSyncReturns<string>;
  /** Starts a pod; stdout is a pipe. */
  start(args: readonly string[], app?: object): ChildProcess;
  /** Kills what was started. */
  stop(): void;
  /** Removes everything. */
  remove(): void;
}

const IN_TERMINAL = join(import.meta.dirname, "../fixtures/bin/in-terminal.py");

/** `cniDir`: where CNI plugins are, for pods with a network. */
export function podFixture(name: string, cniDir = ""): PodFixture {
  const dir = mkdtempSync(join(tmpdir(), `${name}-`));
  const [dataDir, layer] = [join(dir, "data"), join(dir, "layer")];
  makeBusyboxRoot(layer);
  const started: ChildProcess[] = [];
  const env = {
    PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
    CNI_PATH: cniDir,
    RUNTIME_DIR: "/run/corefly",
  };
  const argv = (args: readonly string[], app: object) => [
    "--disable-warning=ExperimentalWarning",
    join(import.meta.dirname, "run-pod.ts"),
    dataDir,
    layer,
    JSON.stringify(app),
    ...args,
  ];
  return {
    dir,
    dataDir,
    layer,
    run: (args, app = {}) =>
      spawnSync(process.execPath, argv(args, app), { encoding: "utf8", env }),
    runInTerminal: (args, prefix = []) =>
      spawnSync("python3", [IN_TERMINAL, ...prefix, process.execPath, ...argv(args, {})], {
        encoding: "utf8",
        env,
        maxBuffer: 64 * 1024 * 1024,
      }),
    start: (args, app = {}) => {
      const child = spawn(process.execPath, argv(args, app), {
        stdio: ["ignore", "pipe", "inherit"],
        env,
      });
      started.push(child);
      return child;
    },
    stop: () => {
      for (const child of started.splice(0)) {
        child.kill("SIGKILL");
      }
    },
    remove: () => {
      for (const mountPoint of [...mountPointsBelow(dir)].reverse()) {
        linuxSystem().kernel.umount(mountPoint, 2);
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** What an exited pod leaves: nobody holds its lock. */
export function writeExitedPod(dataDir: string, uuid: string): void {
  const dir = join(dataDir, "pods/run", uuid);
  mkdirSync(join(dir, "apps/a/upper"), { recursive: true });
  writeFileSync(join(dir, "pod-created"), "");
  writeFileSync(
    join(dir, "pod"),
    JSON.stringify({
      acKind: "PodManifest",
      apps: [{ name: "a", image: { id: "sha512-00", name: "test.example/a" } }],
    }),
  );
}

/** A pod as the CRI server records it; alive when `bootId` is this boot's. */
export async function writeKubeletPod(
  dataDir: string,
  bootId: string,
): Promise<{ readonly uuid: string; readonly dir: string }> {
  const id = "1".repeat(64);
  const uuid = uuidOfSandboxId(id);
  const dir = join(dataDir, "pods/run", uuid);
  mkdirSync(dir, { recursive: true });
  const system = linuxSystem();
  await writeSandboxRecord(system, dir, {
    version: 1,
    id,
    uuid,
    state: "ready",
    released: false,
    bootId,
    createdAtNs: "1790000000000000000",
    name: "web",
    namespace: "default",
    podUid: "u",
    attempt: 0,
    labels: { app: "web" },
    annotations: {},
    runtimeHandler: "",
    hostNetwork: true,
    hostname: "web",
    netnsPath: "",
    ipcnsPath: "",
    utsnsPath: "",
    shmPath: "",
    ips: ["10.2.0.7"],
    sharedPid: false,
    init: undefined,
    logDirectory: "",
    cgroupParent: "",
    config: {},
  });
  return { uuid, dir };
}
