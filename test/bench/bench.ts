// SPDX-License-Identifier: Apache-2.0
// One run: both are started, measured in turn, taken away, and told about.
import { writeFileSync } from "node:fs";
import { type Figures, limits, report } from "./figures.ts";
import { listsWhileCreating } from "./lists.ts";
import { manyCalls, pss, rss } from "./memory.ts";
import type { BenchOptions } from "./options.ts";
import { podLife, podLives } from "./pod-lives.ts";
import { progress, progressEnd } from "./progress.ts";
import { median } from "./statistics.ts";
import { type Steps, stepsOf } from "./steps.ts";
import { type Subject, startContainerd, startOurs } from "./subjects.ts";

/** Answers the names of the limits that were exceeded. */
export async function bench(wanted: BenchOptions): Promise<readonly string[]> {
  progress("starting both");
  const [ours, theirs] = [await startOurs("info"), await startContainerd()];
  let figures: readonly [Figures, Figures];
  try {
    figures = await measure([ours, theirs], wanted);
  } finally {
    progress("cleaning up");
    await ours.remove();
    await theirs.remove();
  }
  const steps = await measureSteps(Math.min(wanted.pods, 20));
  progressEnd();
  process.stdout.write(`${report(figures, steps).join("\n")}\n`);
  if (wanted.json !== undefined) {
    const [corefly, containerd] = figures;
    writeFileSync(wanted.json, `${JSON.stringify({ corefly, containerd, steps }, null, 2)}\n`);
  }
  const exceeded = limits(figures).filter(({ value, limit }) => value > limit);
  for (const { name, value, limit } of exceeded) {
    process.stderr.write(`over the limit: ${name} is ${value.toFixed(2)}, at most ${limit}\n`);
  }
  return exceeded.map(({ name }) => name);
}

async function measure(
  [ours, theirs]: readonly [Subject, Subject],
  { pods, atOnce, calls }: BenchOptions,
): Promise<readonly [Figures, Figures]> {
  const subjects = [ours, theirs];
  for (const each of subjects) {
    progress(`${each.name}: warming up`);
    await podLife(each);
    await podLife(each);
  }
  const lives = await podLives(subjects, pods, (round) => {
    progress(`pods from scratch: ${round} of ${pods} each`);
  });
  const figures: Figures[] = [];
  for (const each of subjects) {
    progress(`${each.name}: ${atOnce} pods at once`);
    const lists = await listsWhileCreating(each, atOnce);
    const ofMany = monitorPss(each);
    await each.pods.removePods();
    await manyCalls(each, calls, (done) => {
      progress(`${each.name}: ${done} of ${calls} calls`);
    });
    figures.push({
      lives: lives.get(each) ?? [],
      lists,
      monitorPss: { one: monitorPss(each), ofMany },
      serverRss: rss(each.serverPid),
    });
    await each.pods.removePods();
  }
  const [first, second] = figures;
  if (first === undefined || second === undefined) {
    throw new Error("Cannot compare: something was not measured");
  }
  return [first, second];
}

/** Of one of them, in MiB. */
const monitorPss = (subject: Subject): number => median(subject.monitorPids().map(pss));

/** With another server: saying where the time goes takes time. */
async function measureSteps(rounds: number): Promise<readonly Steps[]> {
  const subject = await startOurs("debug");
  try {
    await podLives([subject], rounds, (round) => progress(`steps: ${round} of ${rounds}`));
    return stepsOf(subject.log);
  } finally {
    await subject.remove();
  }
}
