// SPDX-License-Identifier: Apache-2.0
// The CRI server is killed anywhere in the lives of several pods at a time. COREFLY_SEED repeats a run.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { CriNode } from "../../../helpers/cri-node.ts";
import { NODE_REGISTRY_CONFIG, startNodeRegistry } from "../../../helpers/node-registry.ts";
import { LIFE_STEPS, type LifeKind, type LifeStep, PodLife } from "../../../helpers/pod-life.ts";
import { randomSequence, seedOfRun } from "../../../helpers/random.ts";
import { ociImage, plainLayer } from "../../../helpers/unpack.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

const KILLS = process.env["COREFLY_LONG"] ? 200 : 40;
/** Every so many kills the next server is killed too, while it looks what there is. */
const KILL_AGAIN = 8;
const KINDS: readonly LifeKind[] = ["plain", "hostPort", "sharedPid"];
const HOST_PORT = 18080;
const PULLED = "registry.test/team/pulled:1";

let node: CriNode;
let endRegistry: () => void;
beforeAll(async () => {
  node = await CriNode.start({
    subnet: "10.219.9.0/24",
    config: NODE_REGISTRY_CONFIG,
    compileCache: true,
  });
  await node.killServer("SIGTERM");
  await node.startServer();
  const entries = Array.from({ length: 200 }, (_, index) => ({
    path: `file-${index}`,
    content: Buffer.alloc(20_000, index),
  }));
  endRegistry = await startNodeRegistry(node, {
    "team/pulled:1": ociImage([plainLayer(entries), plainLayer(entries.slice(0, 20))]),
  });
}, 60_000);
afterAll(async () => {
  await node.remove();
  endRegistry();
}, 60_000);

it(
  `kill -9 of the server at ${KILLS} random points loses nothing and leaves nothing (CRI-07)`,
  async () => {
    const seed = seedOfRun();
    const random = randomSequence(seed);
    const times = await timesOfSteps();
    console.log(`COREFLY_SEED=${seed}, ms: ${JSON.stringify(Object.fromEntries(times))}`);
    const hits = new Map<string, number>();
    for (const [kill, point] of pointsIn(LIFE_STEPS, KILLS, random).entries()) {
      const { lives, underWay, before } = await killedAt(point, times, random);
      for (const each of underWay) {
        hits.set(each, (hits.get(each) ?? 0) + 1);
      }
      if (kill % KILL_AGAIN === 0) {
        node.spawnServer();
        await delay(random() * 1000);
        await node.killServer();
      }
      await node.startServer();
      try {
        await Promise.all(lives.map((life, index) => life.goOn(before[index] ?? [])));
        const { items } = await node.runtime.listPodSandbox();
        await Promise.all(
          items.map(({ id }) => node.runtime.removePodSandbox({ podSandboxId: id })),
        );
        expect(lives.map((life) => life.processes())).toEqual(lives.map(() => []));
        await waitFor(() => left().length === 0, 5000).catch(() => {});
        expect(left()).toEqual([]);
      } catch (cause) {
        const where = `seed ${seed}, kill ${kill} in ${underWay.join(", ")}`;
        throw new Error(`${where}: ${String(cause)}`, { cause });
      }
    }
    console.log(`Killed while under way: ${JSON.stringify(Object.fromEntries(hits))}`);
    expect([...hits.keys()]).toEqual(expect.arrayContaining([...LIFE_STEPS, "PullImage"]));
    await imagesAreWhole();
  },
  KILLS * 10_000,
);

const left = () => [...node.leftovers(), ...node.networkLeftovers()];

interface Point {
  readonly step: LifeStep;
  /** Part of the time that the step takes. */
  readonly part: number;
}

/**
 * As many in each step, and one in each of as many parts of the step's time: a step of a few milliseconds is hit as often as
 * one of a hundred.
 */
function pointsIn(
  steps: readonly LifeStep[],
  count: number,
  random: () => number,
): readonly Point[] {
  const each = count / steps.length;
  return Array.from({ length: count }, (_, index) => ({
    step: steps[index % steps.length] ?? "RunPodSandbox",
    part: (Math.floor(index / steps.length) + random()) / each,
  }));
}

/** Of lives without a kill, after one that warms the caches. */
async function timesOfSteps(): Promise<ReadonlyMap<LifeStep, number>> {
  let lives: readonly PodLife[] = [];
  for (let run = 0; run < 2; run++) {
    lives = newLives();
    await Promise.all(lives.map((life) => life.lead(() => false)));
  }
  return new Map(
    LIFE_STEPS.map((step) => [step, Math.min(...lives.map(({ took }) => took.get(step) ?? 0))]),
  );
}

function newLives(): readonly PodLife[] {
  return KINDS.map((kind) => new PodLife(node, kind, HOST_PORT));
}

/** One pod is at the point, the others are somewhere. Answers when every request under way has failed. */
async function killedAt(
  { step, part }: Point,
  times: ReadonlyMap<LifeStep, number>,
  random: () => number,
) {
  let isOver = false;
  const lives = newLives();
  const lifeMs = [...times.values()].reduce((sum, ms) => sum + ms, 0);
  const pull = pullAndRemove(() => isOver);
  const chosen = lives[Math.floor(random() * lives.length)];
  const ends = lives.map(async (life) => {
    await delay(life === chosen ? lifeMs / 2 : random() * lifeMs);
    await life.lead(() => isOver);
  });
  await waitFor(() => chosen?.underWay === step, 20_000, 1);
  await delay(part * (times.get(step) ?? 0));
  const before = lives.map((life) => life.processes());
  isOver = true;
  const underWay = [...lives.map((life) => life.underWay), pull.underWay()];
  await node.killServer();
  await Promise.all([...ends, pull.end]);
  return { lives, before, underWay: underWay.filter((each) => each !== undefined) };
}

function pullAndRemove(isOver: () => boolean) {
  const image = { image: PULLED };
  let underWay: string | undefined;
  const forEver = async () => {
    while (!isOver()) {
      underWay = "PullImage";
      await node.client.image.pullImage({ image });
      underWay = "RemoveImage";
      await node.client.image.removeImage({ image });
    }
  };
  const end = forEver().catch((error: ServiceError) => {
    if (!isOver() || error.code !== 14) {
      throw error;
    }
  });
  return { end, underWay: () => underWay };
}

/** What pulls and removals that were cut off have left: a whole image or none, and nothing half. */
async function imagesAreWhole(): Promise<void> {
  const image = { image: PULLED };
  await node.client.image.pullImage({ image });
  const podSandboxId = await node.runPod();
  const config = { ...node.pods.containerConfig("main", ["/file-7"]), image };
  await node.runtime.createContainer({ podSandboxId, config });
  await node.removePods();
  await node.client.image.removeImage({ image });
  expect((await node.client.image.listImages()).images.map(({ repoTags }) => repoTags)).toEqual([
    ["corefly.dev/busybox:1"],
  ]);
  expect(readdirSync(join(node.dataDir, "layers"))).toHaveLength(1);
  expect(readdirSync(join(node.dataDir, "tmp"))).toEqual([]);
}
