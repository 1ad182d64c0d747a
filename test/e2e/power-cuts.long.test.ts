// SPDX-License-Identifier: Apache-2.0
// Ten power cuts at random points of a machine's life, half of them while it boots; each `up` after one brings the cluster back
// with every acknowledged write. COREFLY_SEED repeats a series.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { LiveCluster } from "../helpers/live-cluster.ts";
import { randomSequence, seedOfRun } from "../helpers/random.ts";

const MINUTES = 60_000;
const CUTS = 10;

const seed = seedOfRun();
const random = randomSequence(seed);
let cluster: LiveCluster;
/** Of the last `up`, to its end. */
let upMs = 0;

beforeAll(async () => {
  process.stderr.write(`power cuts with COREFLY_SEED=${seed}\n`);
  cluster = await LiveCluster.create("test/e2e/program", "cuts");
  upMs = (await cluster.up("first up")).seconds * 1000;
}, 25 * MINUTES);

afterAll(async () => {
  await cluster.stack.succeed("destroy");
  await cluster.stack.remove();
}, 5 * MINUTES);

describe("a power cut", () => {
  it.each(Array.from({ length: CUTS }, (_, index) => index))(
    "at a random point loses nothing (%i)",
    async (index) => {
      if (index % 2 === 0) {
        await cluster.cutPower(Math.round(random() * 20_000));
      } else {
        await cluster.cutPower(0);
        const afterMs = Math.round(random() * upMs);
        const { exitCode } = await cluster.upCutAfter(afterMs);
        const reached = exitCode === 0 ? "it was Ready" : "it was booting";
        process.stderr.write(`cut ${index}: ${afterMs} ms after power-on; ${reached}\n`);
      }
      const { seconds } = await cluster.up(`up after cut ${index}`);
      upMs = seconds * 1000;
      process.stderr.write(
        `cut ${index}: back after ${seconds.toFixed(0)} s with ${cluster.writes} writes\n`,
      );
      expect(await cluster.lostWrites()).toEqual([]);
    },
    20 * MINUTES,
  );
});
