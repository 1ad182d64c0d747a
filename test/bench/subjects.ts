// SPDX-License-Identifier: Apache-2.0
// The two runtimes that are compared, each as it is used: ours as the bundle that nodes run.
import { readdirSync, readFileSync } from "node:fs";
import { ContainerdNode } from "../helpers/containerd.ts";
import type { CriClient } from "../helpers/cri-client.ts";
import { CriNode } from "../helpers/cri-node.ts";
import type { CriPods } from "../helpers/cri-pods.ts";
import { obtainedArtifact } from "../helpers/unpacked-artifact.ts";

export interface Subject {
  readonly name: string;
  readonly dir: string;
  readonly client: CriClient;
  readonly pods: CriPods;
  readonly serverPid: number;
  /** The processes that watch containers or pods. */
  monitorPids(): readonly number[];
  /** What the server has logged. */
  readonly log: string;
  remove(): Promise<void>;
}

export async function startOurs(logLevel: "debug" | "info"): Promise<Subject> {
  const program = ["--disable-warning=ExperimentalWarning", obtainedArtifact("runtime").path];
  const node = await CriNode.start({ program, logLevel, subnet: "10.219.16.0/20" });
  return subject("corefly", node, () => pidsOf("conmon", node.dir));
}

export async function startContainerd(): Promise<Subject> {
  const node = await ContainerdNode.start({ subnet: "10.219.32.0/20" });
  return subject("containerd", node, () => pidsOf("containerd-shim-runc-v2", node.dir));
}

function subject(
  name: string,
  node: CriNode | ContainerdNode,
  monitorPids: () => readonly number[],
): Subject {
  return {
    name,
    monitorPids,
    dir: node.dir,
    client: node.client,
    pods: node.pods,
    get serverPid() {
      return node.serverPid;
    },
    get log() {
      return node.log;
    },
    remove: () => node.remove(),
  };
}

/** Processes of a program that were told a path below `dir`. */
function pidsOf(program: string, dir: string): readonly number[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      const words = wordsOf(pid);
      return words[0]?.endsWith(program) && words.some((word) => word.startsWith(dir));
    })
    .map(Number);
}

function wordsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
