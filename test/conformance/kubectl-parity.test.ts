// SPDX-License-Identifier: Apache-2.0
// One script of what users do with kubectl, on our CRI server and on Debian's containerd with crun: exit codes and outputs are
// compared with what is expected, and so with each other. The kubelet, API server and kubectl are those of our clusters.
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { ContainerdNode } from "../helpers/containerd.ts";
import { CriNode } from "../helpers/cri-node.ts";
import { ATTACH_CASES } from "./kubectl/attach-cases.ts";
import type { Case } from "./kubectl/case.ts";
import { EXEC_CASES } from "./kubectl/exec-cases.ts";
import { LIFE_CASES } from "./kubectl/life-cases.ts";
import { lifePods } from "./kubectl/life-pods.ts";
import { Place, podObject } from "./kubectl/place.ts";
import { POD_CASES, POD_OBJECTS } from "./kubectl/pod-cases.ts";
import { podOutcome } from "./kubectl/pod-outcome.ts";
import { SHELL_PODS } from "./kubectl/shell-pods.ts";

// Processes start slowly on a busy machine.
jest.setTimeout(90_000);

let ourNode: CriNode;
let theirNode: ContainerdNode;
let ours: Place;
let theirs: Place;
beforeAll(async () => {
  ourNode = await CriNode.start({ subnet: "10.219.30.0/24" });
  theirNode = await ContainerdNode.start({ subnet: "10.219.31.0/24" });
  [ours, theirs] = [new Place(ourNode), new Place(theirNode)];
  await ours.cluster.start();
  await theirs.cluster.start();
  await Promise.all([begin(ours, false), begin(theirs, true)]);
}, 180_000);
afterAll(async () => {
  await ours.cluster.stop();
  await theirs.cluster.stop();
  await Promise.all([ourNode.remove(), theirNode.remove()]);
}, 90_000);

/** All pods at once: most of a case's time is the kubelet's waiting. */
async function begin(place: Place, isTheirs: boolean): Promise<void> {
  const cases = POD_CASES.filter(({ oursOnly }) => !(isTheirs && oursOnly !== undefined));
  const pods = cases.map(({ name, spec }) => podObject(name, spec));
  await place.create("pods", [...POD_OBJECTS, ...pods, ...SHELL_PODS, ...lifePods(place)]);
}

describe("a pod's", () => {
  it.each(POD_CASES)("$what", async (each) => {
    const places = each.oursOnly === undefined ? [ours, theirs] : [ours];
    for (const seen of await Promise.all(places.map((place) => podOutcome(place, each)))) {
      expect(seen).toEqual({
        phase: each.phase ?? "Succeeded",
        ended: each.ended ?? {},
        restarts: each.restarts ?? {},
        logs: each.logs,
      });
    }
  });
});

const script: readonly (readonly [string, readonly Case[]])[] = [
  ["kubectl's", [...ATTACH_CASES, ...EXEC_CASES]],
  ["the kubelet's", LIFE_CASES],
];
describe.each(script)("%s", (_who, cases) => {
  it.each(cases)("$name", async ({ see, expected, oursOnly, theirs: other }) => {
    const there = other?.expected ?? expected;
    const [seen, seenThere] = await Promise.all([
      see(ours),
      oursOnly === undefined ? see(theirs) : there,
    ]);
    expect(seen).toEqual(expected);
    expect(seenThere).toEqual(there);
  });
});

it("the server's log names no failure of ours", () => {
  expect(ourNode.log.split("\n").filter((line) => line.startsWith("error: "))).toEqual([]);
});
