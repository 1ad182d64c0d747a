// SPDX-License-Identifier: Apache-2.0
// RunPodSandbox: namespaces, network and files of a pod, recorded before the answer. Each part is written down before it
// is made, so that whoever finds the record after a crash knows what to take away.
import { hostname as osHostname } from "node:os";
import { join } from "node:path";
import { toJson } from "@bufbuild/protobuf";
import { AlreadyExistsError } from "../../errors.ts";
import { pinNamespaces } from "../../net/pinned-namespaces.ts";
import {
  intendSandboxRecord,
  type SandboxRecord,
  uuidOfSandboxId,
  writeSandboxRecord,
} from "../../pod/sandbox-record.ts";
import { MS_NODEV, MS_NOEXEC, MS_NOSUID } from "../../system/constants.ts";
import { type PodSandboxConfig, PodSandboxConfigSchema } from "../api-schema.ts";
import type { CriContext } from "../context.ts";
import { resolvConf } from "../plan/pod-files.ts";
import { planSandbox, type SandboxPlan } from "../plan/sandbox-plan.ts";
import { Steps } from "../steps.ts";
import { newId, nowNs } from "./names.ts";
import {
  embryoDir,
  ipcnsPath,
  netnsPath,
  podDir,
  runningPodsDir,
  shmPath,
  utsnsPath,
} from "./paths.ts";
import { type Sandbox, sandboxKey } from "./pod-table.ts";
import { startSandboxInit } from "./sandbox-init.ts";
import { releaseSandbox, removePodDir } from "./sandbox-parts.ts";

const SHM_OPTIONS = "mode=1777,size=65536k";

/**
 * Makes the pod, or answers with the one that an earlier, abandoned request of the same name and attempt has made.
 * On failure nothing is left, or a stopped pod that the kubelet will remove.
 */
export async function runSandbox(
  context: CriContext,
  config: PodSandboxConfig,
  runtimeHandler: string,
): Promise<Sandbox> {
  const plan = planSandbox(config, runtimeHandler, { hostname: osHostname() });
  const key = sandboxKey(plan.metadata);
  return await context.locks.run(`name:${key}`, async () => {
    const existing = context.pods.sandboxNamed(key);
    if (existing?.record.state === "ready") {
      return existing;
    }
    if (existing !== undefined) {
      throw new AlreadyExistsError(
        `Cannot run pod sandbox "${plan.metadata.name}": attempt ${plan.metadata.attempt} exists and is stopped (${existing.record.id})`,
      );
    }
    return await makeSandbox(context, plan, config, runtimeHandler);
  });
}

async function makeSandbox(
  context: CriContext,
  plan: SandboxPlan,
  config: PodSandboxConfig,
  runtimeHandler: string,
): Promise<Sandbox> {
  const { system, paths, log } = context;
  const steps = new Steps(context);
  let record = firstRecord(context, plan, config, runtimeHandler);
  try {
    await makePodDir(context, record, config);
    steps.done("files");
    makeNamespaces(context, record, config.linux?.sysctls ?? {});
    steps.done("namespaces");
    if (record.netnsPath !== "") {
      record = { ...record, ips: await context.network.attach(record, plan.ports) };
      steps.done("network");
    }
    if (plan.sharedPid) {
      record = { ...record, init: await startSandboxInit(context, record) };
      steps.done("init");
    }
    record = { ...record, state: "ready" };
    await Promise.all([
      writeSandboxRecord(system, podDir(paths, record.uuid), record),
      system.files.fsyncDir(runningPodsDir(paths)),
    ]);
    steps.done("record");
  } catch (cause) {
    await undo(context, record, config, cause);
    throw cause;
  }
  const sandbox: Sandbox = { record, config };
  context.pods.addSandbox(sandbox);
  steps.report("RunPodSandbox");
  log.info("Pod runs", {
    pod: `${record.namespace}/${record.name}`,
    sandbox: record.id,
    ip: record.ips[0],
  });
  return sandbox;
}

function firstRecord(
  context: CriContext,
  plan: SandboxPlan,
  config: PodSandboxConfig,
  runtimeHandler: string,
): SandboxRecord {
  const id = newId();
  const uuid = uuidOfSandboxId(id);
  return {
    version: 1,
    id,
    uuid,
    state: "creating",
    released: false,
    bootId: context.bootId,
    createdAtNs: nowNs(context.system.clock),
    name: plan.metadata.name,
    namespace: plan.metadata.namespace,
    podUid: plan.metadata.uid,
    attempt: plan.metadata.attempt,
    labels: config.labels,
    annotations: config.annotations,
    runtimeHandler,
    hostNetwork: plan.hostNetwork,
    hostname: plan.hostname,
    netnsPath: plan.hostNetwork ? "" : netnsPath(context.paths, uuid),
    utsnsPath: plan.hostNetwork ? "" : utsnsPath(context.paths, uuid),
    ipcnsPath: plan.hostIpc ? "" : ipcnsPath(context.paths, uuid),
    shmPath: plan.hostIpc ? "" : shmPath(context.paths, uuid),
    ips: [],
    sharedPid: plan.sharedPid,
    init: undefined,
    logDirectory: config.logDirectory,
    cgroupParent: plan.cgroupParent,
    config: toJson(PodSandboxConfigSchema, config),
  };
}

/** The directory with its files, complete when it becomes visible. */
async function makePodDir(
  context: CriContext,
  record: SandboxRecord,
  config: PodSandboxConfig,
): Promise<void> {
  const { files } = context.system;
  const embryo = embryoDir(context.paths, record.uuid);
  await files.mkdirp(join(embryo, "apps"), { mode: 0o755 });
  const hostResolvConf = (await files.findText("/etc/resolv.conf")) ?? "";
  const hosts = (await files.findText("/etc/hosts")) ?? "127.0.0.1\tlocalhost\n";
  await files.writeFile(join(embryo, "resolv.conf"), resolvConf(config.dnsConfig, hostResolvConf));
  await files.writeFile(join(embryo, "hostname"), `${record.hostname}\n`);
  await files.writeFile(join(embryo, "hosts"), hosts);
  await intendSandboxRecord(context.system, embryo, record);
  await files.mkdirp(runningPodsDir(context.paths), { mode: 0o700 });
  await files.rename(embryo, podDir(context.paths, record.uuid));
  if (record.logDirectory !== "") {
    await files.mkdirp(record.logDirectory);
  }
}

function makeNamespaces(
  context: CriContext,
  record: SandboxRecord,
  sysctls: Readonly<Record<string, string>>,
): void {
  const { system } = context;
  const { netnsPath: network, ipcnsPath: ipc, utsnsPath: uts } = record;
  pinNamespaces(
    system,
    {
      ...(network === "" ? {} : { network }),
      ...(ipc === "" ? {} : { ipc }),
      ...(uts === "" ? {} : { uts }),
    },
    { sysctls, ...(uts === "" ? {} : { hostname: record.hostname }) },
  );
  if (record.shmPath !== "") {
    system.files.mkdirpSync(record.shmPath);
    const flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    system.kernel.mount("shm", record.shmPath, "tmpfs", flags, SHM_OPTIONS);
  }
}

/** After a failure: away with everything; what cannot be taken away stays as a stopped pod, for StopPodSandbox to retry. */
async function undo(
  context: CriContext,
  record: SandboxRecord,
  config: PodSandboxConfig,
  reason: unknown,
): Promise<void> {
  try {
    await releaseSandbox(context, record);
    await removePodDir(context, record.uuid);
  } catch (error) {
    context.log.error("Cannot undo a pod that failed to start", {
      sandbox: record.id,
      reason: String(reason),
      error: String(error),
    });
    await keepAsStopped(context, { ...record, state: "stopped" }, config);
  }
}

/** Known even if that cannot be written down: then a server that starts finds it in the making, and undoes it. */
async function keepAsStopped(
  context: CriContext,
  record: SandboxRecord,
  config: PodSandboxConfig,
): Promise<void> {
  context.pods.addSandbox({ record, config });
  try {
    await writeSandboxRecord(context.system, podDir(context.paths, record.uuid), record);
  } catch (error) {
    context.log.error("Cannot write down that a pod is stopped", {
      sandbox: record.id,
      error: String(error),
    });
  }
}
