// SPDX-License-Identifier: Apache-2.0
// An ephemeral container joins the pid namespace of one that runs, or does not start.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { BUSYBOX, CriNode } from "../../../helpers/cri-node.ts";

const FAILED_PRECONDITION = 9;
const TARGET = 3;

let node: CriNode;
let podSandboxId: string;
let target: string;
beforeAll(async () => {
  node = await CriNode.start({ subnet: "10.219.16.0/24" });
}, 60_000);
afterEach(async () => {
  await node.removePods();
  expect(node.leftovers()).toEqual([]);
});
afterAll(async () => {
  await node.remove();
}, 60_000);

/** A pod with a container, and another one that is to look at it. */
async function createObserver(): Promise<string> {
  podSandboxId = await node.runPod();
  target = await node.runContainer(podSandboxId, "main", ["sleep", "100"]);
  const { containerId } = await node.runtime.createContainer({
    podSandboxId,
    config: {
      metadata: { name: "observer" },
      image: { image: BUSYBOX },
      command: ["sleep", "200"],
      linux: { securityContext: { namespaceOptions: { pid: TARGET, targetId: target } } },
    },
  });
  return containerId;
}

function recordFile(containerId: string): string {
  const pods = join(node.dataDir, "pods/run");
  const [uuid = ""] = readdirSync(pods);
  return join(pods, uuid, "apps", containerId, "container.json");
}

describe("namespace mode TARGET", () => {
  it("shows the other container's processes, also when the server was started anew in between", async () => {
    const containerId = await createObserver();
    await node.killServer();
    await node.startServer();
    await node.runtime.startContainer({ containerId });
    expect((await node.exec(containerId, "ps")).stdout).toMatch(/ 1 .* sleep 100/);
  });

  it("does not start beside another process that has the same pid by now", async () => {
    const containerId = await createObserver();
    await node.killServer();
    const file = recordFile(containerId);
    const record = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(
      file,
      JSON.stringify({ ...record, target: { ...record.target, startTime: "1" } }),
    );
    await node.startServer();
    await expect(node.runtime.startContainer({ containerId })).rejects.toMatchObject({
      code: FAILED_PRECONDITION,
      details: expect.stringContaining("the container whose pid namespace it joins has ended"),
    });
  });

  it("does not start when the other container has ended", async () => {
    const containerId = await createObserver();
    await node.runtime.stopContainer({ containerId: target, timeout: 0n });
    await expect(node.runtime.startContainer({ containerId })).rejects.toMatchObject({
      code: FAILED_PRECONDITION,
    });
  });
});
