// SPDX-License-Identifier: Apache-2.0
// How long a pod takes from nothing to a running container, and away again.
import type { Subject } from "./subjects.ts";

/** Milliseconds of each call. */
export interface PodLife {
  readonly runPodSandbox: number;
  readonly createContainer: number;
  readonly startContainer: number;
  readonly stopPodSandbox: number;
  readonly removePodSandbox: number;
}

export const fromScratch = (life: PodLife): number =>
  life.runPodSandbox + life.createContainer + life.startContainer;

export const awayAgain = (life: PodLife): number => life.stopPodSandbox + life.removePodSandbox;

/** Each subject in turn, the first of a round being the last of the next, so that none has the quieter machine. */
export async function podLives(
  subjects: readonly Subject[],
  rounds: number,
  progress: (round: number) => void,
): Promise<ReadonlyMap<Subject, readonly PodLife[]>> {
  const lives = new Map(subjects.map((each): [Subject, PodLife[]] => [each, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const each of round % 2 === 0 ? subjects : [...subjects].reverse()) {
      lives.get(each)?.push(await podLife(each));
    }
    progress(round);
  }
  return lives;
}

export async function podLife({ client, pods }: Subject): Promise<PodLife> {
  const { runtime } = client;
  const config = pods.podConfig();
  const [sandbox, runPodSandbox] = await timed(runtime.runPodSandbox({ config }));
  const { podSandboxId } = sandbox;
  const [container, createContainer] = await timed(
    runtime.createContainer({
      podSandboxId,
      config: pods.containerConfig("app", ["sleep", "1000"]),
      sandboxConfig: config,
    }),
  );
  const { containerId } = container;
  const [, startContainer] = await timed(runtime.startContainer({ containerId }));
  const [, stopPodSandbox] = await timed(runtime.stopPodSandbox({ podSandboxId }));
  const [, removePodSandbox] = await timed(runtime.removePodSandbox({ podSandboxId }));
  return { runPodSandbox, createContainer, startContainer, stopPodSandbox, removePodSandbox };
}

/** A call that has just been made, and the milliseconds until its answer. */
export async function timed<T>(call: Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  const answer = await call;
  return [answer, performance.now() - start];
}
