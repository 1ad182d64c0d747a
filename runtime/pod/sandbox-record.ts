// SPDX-License-Identifier: Apache-2.0
// What is known of a pod of the kubelet, as it stands in `sandbox.json` of the pod's directory: the truth, of which the CRI
// server's memory is a copy. Written whole and atomically; read by the CRI server at its start and by `list` and `status`.
import { join } from "node:path";
import type { System } from "../system/system.ts";
import { RecordReader } from "./record-reader.ts";

export const SANDBOX_FILE = "sandbox.json";

/**
 * `creating`: RunPodSandbox has not answered yet; found at a start, it is undone. `ready`: it has, and nobody stopped it.
 * `stopped`: StopPodSandbox was asked for, or RunPodSandbox failed and its remains wait for their removal.
 */
export type SandboxState = "creating" | "ready" | "stopped";

/** The process of a pod that needs a PID 1 of its own (shareProcessNamespace). */
export interface ProcessIdentity {
  readonly bootId: string;
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: pids are used again, this pair is not. */
  readonly startTime: string;
}

export interface SandboxRecord {
  readonly version: 1;
  /** The CRI's id: 64 hex digits. */
  readonly id: string;
  /** The pod's UUID: the id's first 32 digits. */
  readonly uuid: string;
  readonly state: SandboxState;
  /** Its network, namespaces and mounts are gone: there is nothing left to stop. */
  readonly released: boolean;
  /** In which boot it was made: after another boot nothing of it runs. */
  readonly bootId: string;
  /** Nanoseconds since 1970, in decimal: more than a double holds. */
  readonly createdAtNs: string;
  readonly name: string;
  readonly namespace: string;
  /** Kubernetes' uid of the pod. */
  readonly podUid: string;
  readonly attempt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly runtimeHandler: string;
  readonly hostNetwork: boolean;
  readonly hostname: string;
  /** Empty with the host's network. */
  readonly netnsPath: string;
  /** Pinned ipc namespace; empty with the host's. */
  readonly ipcnsPath: string;
  /** Pinned uts namespace, which has the host name; empty with the host's network. */
  readonly utsnsPath: string;
  /** The tmpfs for /dev/shm; empty with the host's. */
  readonly shmPath: string;
  readonly ips: readonly string[];
  /** Its containers share a pid namespace, which `init` holds. */
  readonly sharedPid: boolean;
  /** PID 1 of the shared pid namespace, once it runs. */
  readonly init: ProcessIdentity | undefined;
  readonly logDirectory: string;
  readonly cgroupParent: string;
  /** runtime.v1.PodSandboxConfig in protobuf's JSON form. */
  readonly config: unknown;
}

/** The UUID that belongs to a CRI id. */
export function uuidOfSandboxId(id: string): string {
  const parts = [
    id.slice(0, 8),
    id.slice(8, 12),
    id.slice(12, 16),
    id.slice(16, 20),
    id.slice(20, 32),
  ];
  return parts.join("-");
}

/** Replaces the pod's record; on return it is on the disk. */
export async function writeSandboxRecord(
  system: Pick<System, "files">,
  podDir: string,
  record: SandboxRecord,
): Promise<void> {
  await system.files.writeFileAtomic(join(podDir, SANDBOX_FILE), textOf(record), { mode: 0o600 });
}

/** As writeSandboxRecord, for a pod in the making, of which nothing need be left after a power cut. */
export async function intendSandboxRecord(
  system: Pick<System, "files">,
  podDir: string,
  record: SandboxRecord,
): Promise<void> {
  await system.files.replaceFile(join(podDir, SANDBOX_FILE), textOf(record), { mode: 0o600 });
}

const textOf = (record: SandboxRecord): string => `${JSON.stringify(record)}\n`;

/** undefined when the pod is not one of the kubelet's; throws InvalidManifestError for a damaged record. */
export async function readSandboxRecord(
  system: Pick<System, "files">,
  podDir: string,
): Promise<SandboxRecord | undefined> {
  const path = join(podDir, SANDBOX_FILE);
  const text = await system.files.findText(path);
  return text === undefined ? undefined : parseSandboxRecord(text, path);
}

/** Parses `sandbox.json`; `origin` is the path that errors name. */
export function parseSandboxRecord(text: string, origin: string): SandboxRecord {
  const read = RecordReader.parse(text, origin);
  return {
    version: read.version(),
    id: read.matching("id", /^[0-9a-f]{64}$/),
    uuid: read.matching("uuid", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    state: read.oneOf("state", ["creating", "ready", "stopped"]),
    released: read.flag("released"),
    bootId: read.text("bootId"),
    createdAtNs: read.matching("createdAtNs", /^[0-9]+$/),
    name: read.text("name"),
    namespace: read.text("namespace"),
    podUid: read.text("podUid"),
    attempt: read.integer("attempt"),
    labels: read.textMap("labels"),
    annotations: read.textMap("annotations"),
    runtimeHandler: read.text("runtimeHandler"),
    hostNetwork: read.flag("hostNetwork"),
    hostname: read.text("hostname"),
    netnsPath: read.text("netnsPath"),
    ipcnsPath: read.text("ipcnsPath"),
    utsnsPath: read.text("utsnsPath"),
    shmPath: read.text("shmPath"),
    ips: read.textList("ips"),
    sharedPid: read.flag("sharedPid"),
    init: read.process("init"),
    logDirectory: read.text("logDirectory"),
    cgroupParent: read.text("cgroupParent"),
    config: read.anything("config"),
  };
}
