// SPDX-License-Identifier: Apache-2.0
// Pods and containers as they stand on the disk. Whatever is there is answered for: a pod that the server did not know would go
// on running while the kubelet makes a second one beside it. So a record that cannot be read becomes one of something that can
// be stopped and removed, with what can still be read of it.
import { join } from "node:path";
import {
  create,
  type DescMessage,
  fromJson,
  type JsonValue,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  CONTAINER_FILE,
  type ContainerRecord,
  parseContainerRecord,
} from "../../pod/container-record.ts";
import { identify } from "../../pod/process.ts";
import { salvageRecord } from "../../pod/salvage.ts";
import {
  type ProcessIdentity,
  parseSandboxRecord,
  SANDBOX_FILE,
  type SandboxRecord,
} from "../../pod/sandbox-record.ts";
import { crunState } from "../../stage1/oci/crun.ts";
import {
  ContainerConfigSchema,
  LinuxContainerResourcesSchema,
  NamespaceMode,
  PodSandboxConfigSchema,
} from "../api-schema.ts";
import type { CriContext } from "../context.ts";
import { readCgroups } from "../stats/cgroup-files.ts";
import { nowNs } from "./names.ts";
import { appDir, ipcnsPath, netnsPath, podDir, shmPath, utsnsPath } from "./paths.ts";
import type { Container, Sandbox } from "./pod-table.ts";

export interface Stored<Value> {
  readonly value: Value;
  readonly isDamaged: boolean;
}

const SIGTERM = 15;

/** undefined for a pod that was started by hand. A damaged one is stopped, with everything still to be taken away. */
export async function findStoredSandbox(
  context: CriContext,
  uuid: string,
): Promise<Stored<Sandbox> | undefined> {
  const path = join(podDir(context.paths, uuid), SANDBOX_FILE);
  let text = "";
  try {
    const found = await context.system.files.findText(path);
    if (found === undefined) {
      return undefined;
    }
    text = found;
    const record = parseSandboxRecord(text, path);
    const config = fromStored(PodSandboxConfigSchema, record.config);
    return { value: { record, config }, isDamaged: false };
  } catch (error) {
    const record = salvageSandbox(context, uuid, text);
    context.log.error(
      "Cannot read the record of a pod: it is known as not ready until it is removed",
      {
        pod: `${record.namespace}/${record.name}`,
        sandbox: record.id,
        error: String(error),
      },
    );
    return { value: { record, config: create(PodSandboxConfigSchema) }, isDamaged: true };
  }
}

/** undefined for one whose making or removal was cut off. A damaged one is what crun says: it runs, or it has ended. */
export async function findStoredContainer(
  context: CriContext,
  sandbox: SandboxRecord,
  id: string,
): Promise<Stored<Container> | undefined> {
  const path = join(appDir(context.paths, sandbox.uuid, id), CONTAINER_FILE);
  let text = "";
  try {
    const found = await context.system.files.findText(path);
    if (found === undefined) {
      return undefined;
    }
    text = found;
    return { value: containerOf(parseContainerRecord(text, path)), isDamaged: false };
  } catch (error) {
    const record = await salvageContainer(context, sandbox, id, text);
    context.log.error("Cannot read the record of a container: it is known until it is removed", {
      app: record.name,
      container: id,
      state: record.state,
      error: String(error),
    });
    return { value: damagedContainer(record), isDamaged: true };
  }
}

/** Protobuf's JSON form, of this version or of another one. */
export function fromStored<Schema extends DescMessage>(
  schema: Schema,
  value: unknown,
): MessageShape<Schema> {
  return fromJson(schema, value as JsonValue, { ignoreUnknownFields: true }); // checks what it is given
}

function containerOf(record: ContainerRecord): Container {
  return {
    record,
    config: fromStored(ContainerConfigSchema, record.config),
    resources: fromStored(LinuxContainerResourcesSchema, record.resources),
    stop: undefined,
    onExit: new Set(),
  };
}

/** It may have shared a pid namespace: then its end is the end of each of its processes. */
function damagedContainer(record: ContainerRecord): Container {
  return {
    record,
    config: create(ContainerConfigSchema, {
      linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.POD } } },
    }),
    resources: create(LinuxContainerResourcesSchema),
    stop: undefined,
    onExit: new Set(),
  };
}

/** What is not known is taken for what pods have: taking away what is not there does nothing. */
function salvageSandbox({ paths, bootId }: CriContext, uuid: string, text: string): SandboxRecord {
  const digits = uuid.replaceAll("-", "");
  const fallback: SandboxRecord = {
    version: 1,
    id: digits.padEnd(64, "0"),
    uuid,
    state: "stopped",
    released: false,
    bootId,
    createdAtNs: "0",
    name: "",
    namespace: "",
    podUid: "",
    attempt: 0,
    labels: {},
    annotations: {},
    runtimeHandler: "",
    hostNetwork: false,
    hostname: "",
    netnsPath: netnsPath(paths, uuid),
    ipcnsPath: ipcnsPath(paths, uuid),
    utsnsPath: utsnsPath(paths, uuid),
    shmPath: shmPath(paths, uuid),
    ips: [],
    sharedPid: true,
    init: undefined,
    logDirectory: "",
    cgroupParent: "",
    config: {},
  };
  const salvaged = salvageRecord(text, fallback, parseSandboxRecord);
  const id = salvaged.id.startsWith(digits) ? salvaged.id : fallback.id;
  return { ...salvaged, id, uuid, state: "stopped", released: false };
}

async function salvageContainer(
  context: CriContext,
  sandbox: SandboxRecord,
  id: string,
  text: string,
): Promise<ContainerRecord> {
  const { system } = context;
  const now = nowNs(system.clock);
  const fallback: ContainerRecord = {
    version: 1,
    id,
    sandboxId: sandbox.id,
    podUuid: sandbox.uuid,
    name: "",
    attempt: 0,
    state: "exited",
    createdAtNs: now,
    startedAtNs: now,
    finishedAtNs: "0",
    exitCode: 0,
    reason: "",
    message: "",
    process: undefined,
    target: undefined,
    imageId: "",
    imageName: "",
    labels: {},
    annotations: {},
    logPath: "",
    uid: 0,
    gid: 0,
    groups: [],
    stopSignal: SIGTERM,
    cgroups: {},
    imageMounts: [],
    resources: {},
    config: {},
  };
  const salvaged = {
    ...salvageRecord(text, fallback, parseContainerRecord),
    id,
    sandboxId: sandbox.id,
    podUuid: sandbox.uuid,
  };
  const process = await runningProcess(context, salvaged);
  if (process === undefined) {
    return {
      ...salvaged,
      state: "exited",
      process,
      finishedAtNs: now,
      exitCode: 255,
      reason: "Unknown",
      message: "Its record cannot be read",
    };
  }
  const cgroups = await readCgroups(system, process.pid);
  return { ...salvaged, state: "running", process, cgroups };
}

/** Where crun cannot be asked, what the record says: whether that process still runs is looked at later. */
async function runningProcess(
  { system, crun, log }: CriContext,
  record: ContainerRecord,
): Promise<ProcessIdentity | undefined> {
  try {
    const state = await crunState(system, crun, record.id);
    return state?.status === "running" ? identify(system, state.pid) : undefined;
  } catch (error) {
    log.warn("Cannot ask crun for a container", { container: record.id, error: String(error) });
    return record.process;
  }
}
