// SPDX-License-Identifier: Apache-2.0
// What is known of one app that the kubelet made, as it stands in `apps/<id>/container.json` of its pod's directory.
// Written whole and atomically before anybody is told; the exit itself is recorded by conmon in `exit` beside it.
import { join } from "node:path";
import type { System } from "../system/system.ts";
import { RecordReader } from "./record-reader.ts";
import type { ProcessIdentity } from "./sandbox-record.ts";

export const CONTAINER_FILE = "container.json";

/** `starting`: conmon may have been spawned; what became of it is asked at a start. */
export type ContainerRecordState = "created" | "starting" | "running" | "exited";

export interface ContainerRecord {
  readonly version: 1;
  /** 64 hex digits. */
  readonly id: string;
  readonly sandboxId: string;
  readonly podUuid: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: ContainerRecordState;
  /** Nanoseconds since 1970, in decimal; "0" for what has not happened. */
  readonly createdAtNs: string;
  readonly startedAtNs: string;
  readonly finishedAtNs: string;
  readonly exitCode: number;
  /** "OOMKilled", "Error", "Completed" or empty. */
  readonly reason: string;
  readonly message: string;
  readonly process: ProcessIdentity | undefined;
  /** Whose pid namespace it joins (an ephemeral container's): undefined for most. */
  readonly target: ProcessIdentity | undefined;
  readonly imageId: string;
  /** The image as the pod's author wrote it. */
  readonly imageName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Absolute; empty when nobody wants the output. */
  readonly logPath: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Number of the signal that asks it to end. */
  readonly stopSignal: number;
  /** Directories of its cgroup by controller, "" for version 2; empty until it runs. */
  readonly cgroups: Readonly<Record<string, string>>;
  /** Image volumes: mount points on the host that are unmounted with the container. */
  readonly imageMounts: readonly string[];
  /** runtime.v1.LinuxContainerResources in protobuf's JSON form, as they are now. */
  readonly resources: unknown;
  /** runtime.v1.ContainerConfig in protobuf's JSON form. */
  readonly config: unknown;
}

/** Replaces the container's record; on return it is on the disk. */
export async function writeContainerRecord(
  system: Pick<System, "files">,
  appDir: string,
  record: ContainerRecord,
): Promise<void> {
  const { files } = system;
  await files.writeFileAtomic(join(appDir, CONTAINER_FILE), textOf(record), { mode: 0o600 });
}

/** As writeContainerRecord, for a change that need not be seen after a power cut. */
export async function intendContainerRecord(
  system: Pick<System, "files">,
  appDir: string,
  record: ContainerRecord,
): Promise<void> {
  await system.files.replaceFile(join(appDir, CONTAINER_FILE), textOf(record), { mode: 0o600 });
}

const textOf = (record: ContainerRecord): string => `${JSON.stringify(record)}\n`;

/** undefined when the app is not one of the kubelet's; throws InvalidManifestError for a damaged record. */
export async function readContainerRecord(
  system: Pick<System, "files">,
  appDir: string,
): Promise<ContainerRecord | undefined> {
  const path = join(appDir, CONTAINER_FILE);
  const text = await system.files.findText(path);
  return text === undefined ? undefined : parseContainerRecord(text, path);
}

/** Parses `container.json`; `origin` is the path that errors name. */
export function parseContainerRecord(text: string, origin: string): ContainerRecord {
  const read = RecordReader.parse(text, origin);
  return {
    version: read.version(),
    id: read.matching("id", /^[0-9a-f]{64}$/),
    sandboxId: read.matching("sandboxId", /^[0-9a-f]{64}$/),
    podUuid: read.text("podUuid"),
    name: read.text("name"),
    attempt: read.integer("attempt"),
    state: read.oneOf("state", ["created", "starting", "running", "exited"]),
    createdAtNs: read.matching("createdAtNs", /^[0-9]+$/),
    startedAtNs: read.matching("startedAtNs", /^[0-9]+$/),
    finishedAtNs: read.matching("finishedAtNs", /^[0-9]+$/),
    exitCode: read.integer("exitCode"),
    reason: read.text("reason"),
    message: read.text("message"),
    process: read.process("process"),
    target: read.process("target"),
    imageId: read.text("imageId"),
    imageName: read.text("imageName"),
    labels: read.textMap("labels"),
    annotations: read.textMap("annotations"),
    logPath: read.text("logPath"),
    uid: read.integer("uid"),
    gid: read.integer("gid"),
    groups: read.integerList("groups"),
    stopSignal: read.integer("stopSignal"),
    cgroups: read.textMap("cgroups"),
    imageMounts: read.textList("imageMounts"),
    resources: read.anything("resources"),
    config: read.anything("config"),
  };
}
