// SPDX-License-Identifier: Apache-2.0
// What can be said about a pod from its directory, in one form for pods started by hand and for those of the kubelet.
import { join } from "node:path";
import { isMissing } from "../system/files.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";
import { type ContainerRecord, readContainerRecord } from "./container-record.ts";
import { summarizeManifest } from "./manifest.ts";
import { POD_FILES, type Pod } from "./pod.ts";
import { bootId, isSameProcess } from "./process.ts";
import { readSandboxRecord, SANDBOX_FILE, type SandboxRecord } from "./sandbox-record.ts";
import type { Phase, PodState } from "./state.ts";
import type { PodUuid } from "./uuid.ts";

export type AppState = "unknown" | "created" | "running" | "exited";

export interface AppView {
  readonly name: string;
  readonly state: AppState;
  readonly imageId: string;
  readonly imageName: string;
  /** Nanoseconds since 1970; undefined for what has not happened or is not known. */
  readonly createdAtNs: bigint | undefined;
  readonly startedAtNs: bigint | undefined;
  readonly finishedAtNs: bigint | undefined;
  /** undefined without a record: never a made-up 0. */
  readonly exitCode: number | undefined;
  readonly pid: number | undefined;
}

export interface NetworkView {
  readonly name: string;
  readonly ifName: string;
  readonly ip: string;
}

export interface PodView {
  readonly uuid: PodUuid;
  readonly phase: Phase;
  readonly state: PodState;
  /** "kubelet": made by the CRI server, and only removed by it. */
  readonly owner: "hand" | "kubelet";
  readonly flavour: string | undefined;
  readonly createdAtMs: number | undefined;
  readonly startedAtMs: number | undefined;
  readonly pid: number | undefined;
  readonly networks: readonly NetworkView[];
  readonly apps: readonly AppView[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** What could not be read; the rest is still shown. */
  readonly problems: readonly string[];
}

/** Of statfs(2), for a namespace pinned by a bind mount. */
const NSFS_MAGIC = 0x6e736673;

/** Whether a pod belongs to the kubelet. */
export function isKubeletPod(system: System, pod: Pod): boolean {
  return system.files.existsSync(pod.path(SANDBOX_FILE));
}

/** Never throws for what is missing or damaged in the pod's directory: that is listed in `problems`. */
export async function viewPod(system: System, pod: Pod): Promise<PodView> {
  try {
    const sandbox = await readSandboxRecord(system, pod.dir);
    return sandbox === undefined
      ? viewByHand(system, pod)
      : await viewOfKubelet(system, pod, sandbox);
  } catch (cause) {
    if (isMissing(cause)) {
      return viewByHand(system, pod);
    }
    const damaged = viewByHand(system, pod);
    return { ...damaged, owner: "kubelet", problems: [messageOf(cause)] };
  }
}

function viewByHand(system: System, pod: Pod): PodView {
  const problems: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (cause) {
      if (!isMissing(cause)) {
        problems.push(messageOf(cause));
      }
      return undefined;
    }
  };
  const { files } = system;
  const state = pod.state();
  const manifestPath = pod.path(POD_FILES.manifest);
  const manifest = attempt(() => summarizeManifest(files.readTextSync(manifestPath), manifestPath));
  const createdAtMs = attempt(() => files.statSync(pod.path(POD_FILES.created)).mtimeMs);
  const startedAtMs = attempt(() => files.statSync(pod.path(POD_FILES.started)).mtimeMs);
  const pid = attempt(() => parsePid(files.readTextSync(pod.path(POD_FILES.pid))));
  const networks =
    attempt(() => parseNetworks(files.readJsonSync(pod.path(POD_FILES.network)))) ?? [];
  const appState = stateOfApps(state);
  return {
    uuid: pod.uuid,
    phase: pod.phase,
    state,
    owner: "hand",
    flavour: manifest?.flavour,
    createdAtMs,
    startedAtMs,
    pid,
    networks,
    apps: (manifest?.apps ?? []).map((app) => ({
      ...app,
      state: appState,
      createdAtNs: nanoseconds(createdAtMs),
      startedAtNs: nanoseconds(startedAtMs),
      finishedAtNs: undefined,
      exitCode: undefined,
      pid,
    })),
    labels: {},
    annotations: {},
    problems,
  };
}

/** A single app that was exec'd lives as long as its pod. */
function stateOfApps(state: PodState): AppState {
  switch (state) {
    case "running":
      return "running";
    case "exited":
    case "exited garbage":
    case "deleting":
    case "garbage":
      return "exited";
    default:
      return "created";
  }
}

async function viewOfKubelet(system: System, pod: Pod, sandbox: SandboxRecord): Promise<PodView> {
  const problems: string[] = [];
  const alive = isSandboxAlive(system, sandbox);
  const ids = await system.files.listNames(pod.path(POD_FILES.apps));
  const apps: AppView[] = [];
  for (const id of ids) {
    try {
      const record = await readContainerRecord(system, pod.path(POD_FILES.apps, id));
      if (record !== undefined) {
        apps.push(viewContainer(system, pod.path(POD_FILES.apps, id), record));
      }
    } catch (cause) {
      problems.push(messageOf(cause));
    }
  }
  const createdAtMs = Number(BigInt(sandbox.createdAtNs) / 1_000_000n);
  return {
    uuid: pod.uuid,
    phase: pod.phase,
    state: sandboxState(pod.phase, sandbox, alive),
    owner: "kubelet",
    flavour: sandbox.runtimeHandler === "" ? undefined : sandbox.runtimeHandler,
    createdAtMs,
    startedAtMs: createdAtMs,
    pid: alive ? sandbox.init?.pid : undefined,
    networks: sandbox.ips.map((ip) => ({ name: "k8s", ifName: "eth0", ip })),
    apps: apps.sort((a, b) => (a.name < b.name ? -1 : 1)),
    labels: sandbox.labels,
    annotations: sandbox.annotations,
    problems,
  };
}

function sandboxState(phase: Phase, sandbox: SandboxRecord, alive: boolean): PodState {
  if (phase === "garbage") {
    return "deleting";
  }
  if (sandbox.state === "creating") {
    return phase === "embryo" ? "embryo" : "preparing";
  }
  return alive ? "running" : "exited";
}

/** Made in this boot, not stopped, and its network namespace is pinned unless it has the host's. */
export function isSandboxAlive(system: System, sandbox: SandboxRecord): boolean {
  return (
    sandbox.state === "ready" &&
    sandbox.bootId === bootId(system) &&
    (sandbox.hostNetwork || isPinnedNamespace(system, sandbox.netnsPath))
  );
}

function isPinnedNamespace(system: System, path: string): boolean {
  try {
    return system.kernel.statfs(path).type === NSFS_MAGIC;
  } catch (cause) {
    if (isMissing(cause)) {
      return false;
    }
    throw cause;
  }
}

function viewContainer(system: System, appDir: string, record: ContainerRecord): AppView {
  const running =
    record.state === "running" &&
    record.process !== undefined &&
    isSameProcess(system, record.process);
  const ended = record.state === "exited" || (record.state === "running" && !running);
  const exit = ended && record.state !== "exited" ? readExit(system, appDir) : undefined;
  return {
    name: record.name,
    state: running ? "running" : ended ? "exited" : "created",
    imageId: record.imageId,
    imageName: record.imageName,
    createdAtNs: happened(record.createdAtNs),
    startedAtNs: happened(record.startedAtNs),
    finishedAtNs: record.state === "exited" ? happened(record.finishedAtNs) : exit?.finishedAtNs,
    exitCode: record.state === "exited" ? record.exitCode : exit?.exitCode,
    pid: running ? record.process?.pid : undefined,
  };
}

/** conmon's file: the status in decimal, written when the container ended. */
function readExit(
  system: System,
  appDir: string,
): { readonly exitCode: number; readonly finishedAtNs: bigint } | undefined {
  const path = join(appDir, "exit");
  const text = system.files.findTextSync(path)?.trim() ?? "";
  return /^\d+$/.test(text)
    ? {
        exitCode: Number(text),
        finishedAtNs: nanoseconds(system.files.statSync(path).mtimeMs) ?? 0n,
      }
    : undefined;
}

function happened(text: string): bigint | undefined {
  return text === "0" ? undefined : BigInt(text);
}

function nanoseconds(milliseconds: number | undefined): bigint | undefined {
  return milliseconds === undefined ? undefined : BigInt(Math.floor(milliseconds * 1000)) * 1000n;
}

function parsePid(text: string): number | undefined {
  const pid = Number(text.trim());
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

/** `network.json`: a list of {name, ifName, ip}. */
function parseNetworks(value: unknown): readonly NetworkView[] {
  return (Array.isArray(value) ? value : []).flatMap((entry: unknown) => {
    const { name, ifName, ip } = {
      name: "",
      ifName: "",
      ip: "",
      ...(isObject(entry) ? entry : {}),
    };
    return typeof name === "string" && typeof ifName === "string" && typeof ip === "string"
      ? [{ name, ifName, ip }]
      : [];
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : errnoOf(cause);
}
