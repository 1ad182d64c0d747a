// SPDX-License-Identifier: Apache-2.0
// Puts together what the server works with, from where things are on this host.
import { join } from "node:path";
import { NotFoundError } from "../errors.ts";
import { netStateDir } from "../net/attach.ts";
import { bootId } from "../pod/process.ts";
import { cgroupView } from "../stage1/oci/cgroup-view.ts";
import type { Crun } from "../stage1/oci/crun.ts";
import { readHostFacts } from "../stage1/oci/host-facts.ts";
import { hostLimits } from "../stage1/oci/spec.ts";
import type { System } from "../system/system.ts";
import type { CriContext, ImageLibrary } from "./context.ts";
import { KeyedLock } from "./keyed-lock.ts";
import type { Log } from "./log.ts";
import { monitorCgroup } from "./monitor-cgroup.ts";
import { cniNetwork } from "./pod-network.ts";
import { attachDir, execDir, exitsDir } from "./pods/paths.ts";
import { PodTable } from "./pods/pod-table.ts";
import { CpuRates } from "./stats/cpu-rates.ts";
import { DiskUsageCache } from "./stats/disk-usage.ts";
import { StreamingServer } from "./streaming/server.ts";

export interface ServerOptions {
  readonly system: System;
  readonly log: Log;
  readonly images: ImageLibrary;
  readonly dataDir: string;
  readonly stateDir: string;
  /** With net.d below each; later ones win. */
  readonly configDirs: readonly string[];
  /** Where crun, conmon and the programs that plugins run are. */
  readonly programPath: readonly string[];
  readonly cniPath: readonly string[];
  /** Limits for one run of crun and of a CNI plugin. */
  readonly runtimeTimeoutMs: number;
  readonly pluginTimeoutMs: number;
}

export async function openContext(options: ServerOptions): Promise<CriContext> {
  const { system, log, dataDir, stateDir } = options;
  const paths = { dataDir, stateDir };
  const host = await readHostFacts(system);
  const env = { PATH: options.programPath.join(":") };
  const crun: Crun = {
    file: program(system, "crun", options.programPath),
    root: join(stateDir, "crun"),
    cgroupDriver: host.cgroupDriver,
    env,
    view: cgroupView(system, host.cgroupLayout),
    timeoutMs: options.runtimeTimeoutMs,
  };
  const conmon = { file: program(system, "conmon", options.programPath), env, crun };
  // What commands of a server that was killed have left; those that still run have read theirs.
  await system.files.removeTree(execDir(paths));
  await system.files.removeStaleTemporaries(netStateDir(dataDir));
  for (const directory of [exitsDir(paths), attachDir(paths), execDir(paths), crun.root]) {
    await system.files.mkdirp(directory, { mode: 0o700 });
  }
  const noted = new Set<string>();
  return {
    system,
    log,
    paths,
    bootId: bootId(system),
    host,
    crun,
    conmon,
    images: options.images,
    network: cniNetwork(
      system,
      {
        pluginDirs: options.cniPath,
        path: options.programPath.join(":"),
        stateDir: netStateDir(dataDir),
        timeoutMs: options.pluginTimeoutMs,
      },
      options.configDirs.map((directory) => join(directory, "net.d")),
    ),
    pods: new PodTable(),
    streaming: new StreamingServer({ clock: system.clock, log }),
    locks: new KeyedLock(),
    noteHostLimits: (plan) => {
      for (const line of hostLimits(plan, host).filter((each) => !noted.has(each))) {
        noted.add(line);
        log.warn(line);
      }
    },
    diskUsage: new DiskUsageCache(system, log),
    cpuRates: new CpuRates(),
    findProgram: (name) => system.exec.findProgram(name, options.programPath),
    adoptMonitor: monitorCgroup(system, host.cgroupLayout, log),
  };
}

function program(system: System, name: string, directories: readonly string[]): string {
  const found = system.exec.findProgram(name, directories);
  if (found === undefined) {
    throw new NotFoundError(`Cannot serve: program "${name}" is not in ${directories.join(":")}`);
  }
  return found;
}
