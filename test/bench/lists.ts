// SPDX-License-Identifier: Apache-2.0
// How long the kubelet waits for its lists, once a second and more, while a node gets many pods at once.
import { setTimeout as delay } from "node:timers/promises";
import { timed } from "./pod-lives.ts";
import type { Subject } from "./subjects.ts";

export interface Lists {
  /** Milliseconds of ListPodSandbox and ListContainers together. */
  readonly latencies: readonly number[];
  /** Until the last of the pods ran. */
  readonly allRunMs: number;
}

/** The pods are left running. */
export async function listsWhileCreating(subject: Subject, count: number): Promise<Lists> {
  const { client, pods } = subject;
  const latencies: number[] = [];
  let creating = true;
  const start = performance.now();
  const made = Promise.all(
    Array.from({ length: count }, async () => {
      await pods.runContainer(await pods.runPod(), "app", ["sleep", "1000"]);
    }),
  ).finally(() => {
    creating = false;
  });
  while (creating) {
    const [, sandboxes] = await timed(client.runtime.listPodSandbox());
    const [, containers] = await timed(client.runtime.listContainers());
    latencies.push(sandboxes + containers);
    await delay(5);
  }
  await made;
  return { latencies, allRunMs: performance.now() - start };
}
