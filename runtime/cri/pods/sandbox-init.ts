// SPDX-License-Identifier: Apache-2.0
// The process of a pod whose containers share a pid namespace (shareProcessNamespace): a namespace lives as long as its
// PID 1, so somebody must be that from the pod's beginning to its end. It is catatonit, alone in a root of its own.
import { join } from "node:path";
import { InternalError, NotFoundError, TimeoutError } from "../../errors.ts";
import { identify, isSameProcess } from "../../pod/process.ts";
import type { ProcessIdentity, SandboxRecord } from "../../pod/sandbox-record.ts";
import { type AppPlan, appPlan } from "../../stage1/app-plan.ts";
import { planCapabilities } from "../../stage1/capabilities.ts";
import { crunCommand, crunDelete, crunMessage, writeBundle } from "../../stage1/oci/crun.ts";
import { killProcessTree } from "../../stage1/oci/process-tree.ts";
import { ociSpec } from "../../stage1/oci/spec.ts";
import { callAfter } from "../../system/clock.ts";
import type { Command } from "../../system/exec.ts";
import type { CriContext } from "../context.ts";
import { podDir } from "./paths.ts";

/** catatonit is linked statically: it needs nothing but itself. */
const PROGRAM = "/catatonit";

/** Starts it. The program is the pod's, not a monitor's child: it needs no log and nobody waits for its status. */
export async function startSandboxInit(
  context: CriContext,
  record: SandboxRecord,
): Promise<ProcessIdentity> {
  const { system, crun } = context;
  const program = context.findProgram("catatonit");
  if (program === undefined) {
    throw new NotFoundError(
      `Cannot run pod "${record.name}": shareProcessNamespace needs the program catatonit`,
    );
  }
  const bundle = join(podDir(context.paths, record.uuid), "init");
  const rootfs = join(bundle, "rootfs");
  await system.files.mkdirp(rootfs);
  // crun mounts onto files that exist: the root itself stays read-only.
  for (const directory of ["proc", "sys", "dev"]) {
    await system.files.mkdirp(join(rootfs, directory));
  }
  await system.files.writeFile(join(rootfs, PROGRAM), "");
  await writeBundle(system, bundle, ociSpec(initPlan(record, rootfs, program), context.host));
  const pidFile = join(bundle, "pid");
  const id = initId(record);
  await runDetached(
    context,
    crunCommand(
      crun,
      `--log=${join(bundle, "log")}`,
      "run",
      "--detach",
      `--bundle=${bundle}`,
      `--pid-file=${pidFile}`,
      id,
    ),
    join(bundle, "log"),
  );
  const pid = Number(await system.files.readText(pidFile));
  const process = identify(system, pid);
  if (process === undefined) {
    throw new InternalError(`Cannot start the init process of pod "${record.name}": it has ended`);
  }
  return process;
}

/** crun leaves its descriptors to the process that it starts: with pipes of ours we would wait for that one's end. */
async function runDetached(context: CriContext, command: Command, logFile: string): Promise<void> {
  const { system, crun } = context;
  const { stdin: _none, timeoutMs: _no, ...quiet } = command;
  const child = crun.view(() => system.exec.spawnProcess({ ...quiet, detached: true }));
  // Detached children do not keep this process alive, but this one is waited for.
  child.ref();
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    const giveUpTimer = callAfter(crun.timeoutMs, () => {
      if (child.pid !== undefined) {
        killProcessTree(system, child.pid);
      }
      const seconds = crun.timeoutMs / 1000;
      reject(
        new TimeoutError(
          `Cannot start the init process of a pod: crun did not end within ${seconds} s`,
        ),
      );
    });
    child.once("error", reject);
    child.once("exit", resolve);
    child.once("exit", giveUpTimer);
    child.once("error", giveUpTimer);
  });
  if (exitCode !== 0) {
    const reason = crunMessage((await system.files.findText(logFile)) ?? "");
    throw new InternalError(`Cannot start the init process of a pod: ${reason}`);
  }
}

/** Whether containers can join its pid namespace; true for pods without one. Its pid may be somebody else's by now. */
export function isInitAlive(context: CriContext, record: SandboxRecord): boolean {
  return record.init === undefined || isSameProcess(context.system, record.init);
}

/** Ends it, and with it every process of the namespace. Idempotent. */
export async function deleteSandboxInit(context: CriContext, record: SandboxRecord): Promise<void> {
  if (record.sharedPid) {
    await crunDelete(context.system, context.crun, initId(record));
  }
}

/** May do nothing, sees nothing: all it has to do is to be there and to reap. */
export function initPlan(record: SandboxRecord, rootfs: string, program: string): AppPlan {
  return appPlan({
    podUuid: record.uuid,
    appName: "init",
    containerId: initId(record),
    rootfs,
    args: [PROGRAM, "-P"],
    mounts: [
      {
        kind: "bind",
        source: program,
        target: PROGRAM,
        readOnly: true,
        recursiveReadOnly: false,
        propagation: "private",
      },
    ],
    namespaces: {
      network: record.netnsPath === "" ? "host" : { path: record.netnsPath },
      ipc: record.ipcnsPath === "" ? "host" : { path: record.ipcnsPath },
      uts: record.utsnsPath === "" ? "host" : { path: record.utsnsPath },
      pid: "new",
      cgroup: "new",
    },
    capabilities: planCapabilities({ base: [], add: [], drop: ["ALL"], ambient: [], uid: 0 }),
    noNewPrivileges: true,
    readOnlyRootfs: true,
    cgroupParent: record.cgroupParent,
    // As the kubelet's own pause containers: the last to go when memory is short.
    oomScoreAdj: -998,
  });
}

function initId(record: SandboxRecord): string {
  return `${record.id}-init`;
}
