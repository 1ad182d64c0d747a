// SPDX-License-Identifier: Apache-2.0
// The CRI server is killed anywhere in the lives of several pods at a time. COREFLY_SEED repeats a run.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { CriNode } from "../../../helpers/cri-node.ts";
import { NODE_REGISTRY_CONFIG, startNodeRegistry } from "../../../helpers/node-registry.ts";
import { LIFE_STEPS, type LifeKind, PodLife } from "../../../helpers/pod-life.ts";
import { randomSequence, seedOfRun } from "../../../helpers/random.ts";
import { ociImage, plainLayer } from "../../../helpers/unpack.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

const KILLS = process.env["COREFLY_LONG"] ? 200 : 40;
/** Every so many kills the next server is killed too, while it looks what there is. */
const KILL_AGAIN = 4;
const KINDS: readonly LifeKind[] = ["plain", "hostPort", "sharedPid"];
const HOST_PORT = 18080;
const PULLED = "registry.test/team/pulled:1";

let node: CriNode;
let endRegistry: () => void;
beforeAll(async () => {
  node = await CriNode.start({ subnet: "10.219.9.0/24", config: NODE_REGISTRY_CONFIG });
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
    const lifeMs = await timeOfLives();
    console.log(
      `COREFLY_SEED=${seed}; lives of ${KINDS.length} pods take ${Math.round(lifeMs)} ms`,
    );
    const hits = new Map<string, number>();
    for (let kill = 0; kill < KILLS; kill++) {
      // One point in each of as many parts of the time, so that none is left out.
      const atMs = (lifeMs * (kill + random())) / KILLS;
      const { lives, underWay, before } = await killedAfter(atMs);
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
        await node.removePods();
        expect(lives.map((life) => life.processes())).toEqual(lives.map(() => []));
        await waitFor(() => left().length === 0, 5000).catch(() => {});
        expect(left()).toEqual([]);
      } catch (cause) {
        const where = `seed ${seed}, kill ${kill} after ${atMs} ms in ${underWay.join(", ")}`;
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

/** The mean of two runs without a kill, after one that warms the caches. */
async function timeOfLives(): Promise<number> {
  let total = 0;
  for (const counts of [0, 1, 1]) {
    const startedAt = performance.now();
    await Promise.all(newLives().map((life) => life.lead(() => false)));
    total += counts * (performance.now() - startedAt);
  }
  return total / 2;
}

function newLives(): readonly PodLife[] {
  return KINDS.map((kind) => new PodLife(node, kind, HOST_PORT));
}

/** Answers when every request under way has failed. */
async function killedAfter(ms: number) {
  let isOver = false;
  const lives = newLives();
  const pull = pullAndRemove(() => isOver);
  const ends = lives.map((life) => life.lead(() => isOver));
  await delay(ms);
  const before = lives.map((life) => life.processes());
  isOver = true;
  await node.killServer();
  const underWay = [...lives.map((life) => life.underWay), pull.underWay()];
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
