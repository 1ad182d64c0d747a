// SPDX-License-Identifier: Apache-2.0
// What many lives of pods and images leave: nothing, on disk, in the kernel and in the server's memory.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { CriNode } from "../../../helpers/cri-node.ts";
import { NODE_REGISTRY_CONFIG, startNodeRegistry } from "../../../helpers/node-registry.ts";
import { PodLife } from "../../../helpers/pod-life.ts";
import { ociImage, plainLayer } from "../../../helpers/unpack.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

const LIVES = process.env["COREFLY_LONG"] ? 500 : 50;
const PULLS = process.env["COREFLY_LONG"] ? 500 : 50;
/** Of the first pods and pulls: programs and tables that are loaded once. */
const WARM_UP = 5;
/** What the heap may differ by between two looks: garbage that is not collected yet. Measured: 4 MB after 50 pods, none after 500; 4 MB after 500 pulls. */
const TOLERANCE_MB = 16;

let node: CriNode;
let endRegistry: () => void;
beforeAll(async () => {
  node = await CriNode.start({
    subnet: "10.219.13.0/24",
    config: NODE_REGISTRY_CONFIG,
    logLevel: "info",
  });
  const layers = ["a", "b"].map((name) => plainLayer([{ path: name, content: "x".repeat(5000) }]));
  endRegistry = await startNodeRegistry(node, { "team/app:1": ociImage(layers) });
}, 60_000);
afterAll(async () => {
  await node.remove();
  endRegistry();
}, 60_000);

/** Everything that could grow, except the log of the server and those of containers, which their owner removes. */
function look() {
  const files = execFileSync("find", [node.dir, "-xdev", "-not", "-path", `${node.dir}/logs/*`])
    .toString()
    .split("\n")
    .sort();
  return {
    files,
    mounts: node.run("cat", "/proc/self/mountinfo").split("\n").length,
    cgroups: node.cgroups(),
    network: node.networkLeftovers(),
    monitors: node.monitors(),
    descriptors: readdirSync(`/proc/${node.serverPid}/fd`).length,
    children: readFileSync(`/proc/${node.serverPid}/task/${node.serverPid}/children`, "utf8"),
  };
}

const residentMb = () => node.residentKb / 1024;

async function comparesWithBefore(name: string, times: number, act: () => Promise<void>) {
  for (let n = 0; n < WARM_UP; n++) {
    await act();
  }
  const [before, memoryBefore] = [look(), residentMb()];
  for (let n = 0; n < times; n++) {
    await act();
  }
  await waitFor(() => JSON.stringify(look()) === JSON.stringify(before), 5000).catch(() => {});
  expect(look()).toEqual(before);
  const memory = residentMb();
  console.log(`${times} ${name}: ${memoryBefore.toFixed(1)} MB before, ${memory.toFixed(1)} after`);
  expect(memory - memoryBefore).toBeLessThan(TOLERANCE_MB);
}

describe("the CRI server", () => {
  it(
    `is after ${LIVES} pods as before`,
    async () => {
      await comparesWithBefore("pairs of pods", LIVES / 2, async () => {
        const lives = [new PodLife(node, "hostPort", 18080), new PodLife(node, "sharedPid", 0)];
        await Promise.all(lives.map((life) => life.lead(() => false)));
      });
    },
    LIVES * 3000,
  );

  it(
    `is after ${PULLS} pulls and removals of an image as before`,
    async () => {
      const image = { image: "registry.test/team/app:1" };
      await comparesWithBefore("images", PULLS, async () => {
        await node.client.image.pullImage({ image });
        await node.client.image.removeImage({ image });
      });
    },
    PULLS * 3000,
  );
});
