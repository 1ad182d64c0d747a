// SPDX-License-Identifier: Apache-2.0
// What a server takes after a day's calls, and what takes each pod's monitor.
import { readFileSync } from "node:fs";
import { BUSYBOX } from "../helpers/cri-pods.ts";
import type { Subject } from "./subjects.ts";

const MIB = 1024;

/** Asks what a kubelet asks, again and again, about one pod. */
export async function manyCalls(
  { client, pods }: Subject,
  calls: number,
  progress: (done: number) => void,
): Promise<void> {
  const { runtime, image } = client;
  const podSandboxId = await pods.runPod();
  const containerId = await pods.runContainer(podSandboxId, "app", ["sleep", "1000"]);
  const questions: readonly (() => Promise<unknown>)[] = [
    () => runtime.listPodSandbox(),
    () => runtime.listContainers(),
    () => runtime.podSandboxStatus({ podSandboxId }),
    () => runtime.containerStatus({ containerId }),
    () => runtime.status({}),
    () => runtime.listContainerStats(),
    () => image.imageStatus({ image: { image: BUSYBOX } }),
    () => image.imageFsInfo(),
    () => image.listImages(),
    () => runtime.version(),
  ];
  for (let done = 0; done < calls; done += questions.length) {
    await Promise.all(questions.slice(0, calls - done).map((ask) => ask()));
    progress(Math.min(done + questions.length, calls));
  }
}

/** Resident set of a process, in MiB. */
export const rss = (pid: number): number => kilobytes(`/proc/${pid}/status`, "VmRSS") / MIB;

/** Its own share of what is resident: pages that several have count in parts. In MiB. */
export const pss = (pid: number): number => kilobytes(`/proc/${pid}/smaps_rollup`, "Pss") / MIB;

function kilobytes(path: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(path, "utf8"))?.[1];
  if (found === undefined) {
    throw new Error(`Cannot find ${field} in ${path}`);
  }
  return Number(found);
}
