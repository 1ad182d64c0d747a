// SPDX-License-Identifier: Apache-2.0
// How containers are asked to end, and what is said of it afterwards.
import { existsSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { Signal } from "../../../../runtime/cri/api-schema.ts";
import { uuidOfSandboxId } from "../../../../runtime/pod/sandbox-record.ts";
import { coreflyArgv } from "../../../helpers/corefly.ts";
import { failure } from "../../../helpers/cri-client.ts";
import { CriNode } from "../../../helpers/cri-node.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

let node: CriNode;
beforeAll(async () => {
  node = await CriNode.start({ subnet: "10.219.13.0/24" });
}, 60_000);
afterEach(async () => {
  await node.removePods();
});
afterAll(async () => {
  await node.remove();
}, 60_000);

/** The command line's answer, which must be a good one, as somebody sees it who is logged in on the node. */
const cli = (verb: string, ...args: readonly string[]): string =>
  node.run(process.execPath, ...coreflyArgv([verb, `--dir=${node.dataDir}`, ...args]));

/** The apps that have a status, in `corefly status`. */
const appLines = (podSandboxId: string): readonly string[] =>
  cli("status", uuidOfSandboxId(podSandboxId))
    .split("\n")
    .filter((line) => line.startsWith("app-"));

interface ListedApp {
  readonly name: string;
  readonly state: string;
  readonly pid?: number;
  readonly exit_code?: number;
}

const listedApps = (): readonly ListedApp[] =>
  JSON.parse(cli("list", "--format=json")).flatMap(
    (pod: { readonly apps: readonly ListedApp[] }) => pod.apps,
  );

describe("StopContainer", () => {
  /** Ignores TERM, and ends with 7 on 37 (SIGRTMIN+3) and with 8 on 60 (SIGRTMAX-4). */
  const STUBBORN =
    "trap '' TERM; trap 'exit 7' 37; trap 'exit 8' 60; echo ready; while :; do sleep 0.1; done";

  async function stop(
    name: string,
    config: Parameters<CriNode["runContainer"]>[3],
  ): Promise<{ readonly seconds: number; readonly exitCode: number; readonly stopSignal: Signal }> {
    const podSandboxId = await node.runPod();
    const containerId = await node.runContainer(podSandboxId, name, ["sh", "-c", STUBBORN], config);
    const { logPath } = await node.status(containerId);
    await waitFor(() => existsSync(logPath) && readFileSync(logPath, "utf8").includes("ready"));
    const startedAt = performance.now();
    await node.runtime.stopContainer({ containerId, timeout: 20n });
    const seconds = (performance.now() - startedAt) / 1000;
    const { exitCode, stopSignal } = await node.status(containerId);
    return { seconds, exitCode, stopSignal };
  }

  it.each([
    ["SIGRTMIN+3", 7, Signal.SIGRTMINPLUS3],
    ["RTMIN+3", 7, Signal.SIGRTMINPLUS3],
    ["37", 7, Signal.SIGRTMINPLUS3],
    ["SIGRTMAX-4", 8, Signal.SIGRTMAXMINUS4],
  ])("sends the image's stop signal %s (CRI-06)", async (stopSignal, exitCode, named) => {
    const version = `stop-${stopSignal.replace("+", "-plus-")}`;
    node.fetch(node.buildBusybox(version, "oci", "corefly.dev/stops", { stopSignal }));
    const stopped = await stop("main", { image: { image: `corefly.dev/stops:${version}` } });
    expect(stopped).toEqual({ seconds: expect.any(Number), exitCode, stopSignal: named });
    expect(stopped.seconds).toBeLessThan(3);
  });

  it("sends what the pod wants before what the image wants (CRI-06)", async () => {
    const stopped = await stop("main", { stopSignal: Signal.SIGRTMAXMINUS4 });
    expect(stopped).toEqual({
      seconds: expect.any(Number),
      exitCode: 8,
      stopSignal: Signal.SIGRTMAXMINUS4,
    });
    expect(stopped.seconds).toBeLessThan(3);
  });

  it("an image with a signal that there is not makes no container, which nobody could stop", async () => {
    node.fetch(node.buildBusybox("none", "oci", "corefly.dev/stops", { stopSignal: "SIGNOPE" }));
    const error = await failure(
      node.runContainer(await node.runPod(), "main", ["true"], {
        image: { image: "corefly.dev/stops:none" },
      }),
    );
    expect(error.details).toContain('Cannot use stop signal "SIGNOPE"');
  });
});

describe("how a container ended (POD-10)", () => {
  it("is 128 + signal for one that was killed from outside, and 255 for one that says 255", async () => {
    const podSandboxId = await node.runPod();
    const killed = await node.runContainer(podSandboxId, "killed", ["sleep", "600"]);
    const own = await node.runContainer(podSandboxId, "own", ["sh", "-c", "exit 255"]);
    const inner = await node.runContainer(podSandboxId, "inner", [
      "sh",
      "-c",
      "sh -c 'kill -SEGV $$'; exit $?",
    ]);
    process.kill(listedApps().find(({ name }) => name === "killed")?.pid ?? Number.NaN, "SIGKILL");
    expect(await node.exited(killed)).toMatchObject({ exitCode: 137, reason: "Error" });
    expect(await node.exited(own)).toMatchObject({ exitCode: 255, reason: "Error" });
    expect(await node.exited(inner)).toMatchObject({ exitCode: 139, reason: "Error" });
    expect(appLines(podSandboxId)).toEqual(["app-inner=139", "app-killed=137", "app-own=255"]);
  });

  it("is not known without a record, and then never 0", async () => {
    const podSandboxId = await node.runPod();
    const id = await node.runContainer(podSandboxId, "main", ["sh", "-c", "sleep 1; exit 0"]);
    await node.killServer();
    const directory = node
      .run("find", `${node.dataDir}/pods/run`, "-type", "d", "-name", id)
      .trim();
    await waitFor(() => existsSync(`${directory}/exit`));
    expect(appLines(podSandboxId)).toEqual(["app-main=0"]);
    rmSync(realpathSync(`${directory}/exit`));
    expect(appLines(podSandboxId)).toEqual([]);
    const [app] = listedApps();
    expect(app).toMatchObject({ name: "main", state: "exited" });
    expect(app?.exit_code).toBeUndefined();
    await node.startServer();
    expect(await node.exited(id)).toMatchObject({ exitCode: 255, reason: "Unknown" });
  }, 30_000);
});

describe("requests that cross each other", () => {
  it("start, stop, exec, attach and remove of one container leave nothing, whoever is first", async () => {
    const NO = [5, 9]; // NOT_FOUND, FAILED_PRECONDITION
    const podSandboxId = await node.runPod();
    for (const delays of [
      [0, 0, 0, 0, 0],
      [0, 30, 60, 60, 90],
      [30, 0, 40, 50, 0],
      [0, 80, 90, 100, 60],
      [60, 0, 90, 95, 50],
      [0, 120, 60, 70, 10],
    ]) {
      const { containerId } = await node.runtime.createContainer({
        podSandboxId,
        config: node.pods.containerConfig("main", ["sleep", "100"]),
      });
      const requests = [
        () => node.runtime.startContainer({ containerId }),
        () => node.runtime.stopContainer({ containerId, timeout: 1n }),
        () => node.runtime.execSync({ containerId, cmd: ["true"], timeout: 5n }),
        () => node.runtime.attach({ containerId, stdout: true }),
        () => node.runtime.removeContainer({ containerId }),
      ];
      const answers = await Promise.all(
        requests.map(async (request, index) => {
          await new Promise((resolve) => setTimeout(resolve, delays[index]));
          return await request().then(
            () => 0,
            (error: { readonly code: number; readonly details: string }) =>
              NO.includes(error.code) ? error.code : error.details,
          );
        }),
      );
      // Stop and Remove never fail; the others may come too early or too late, and say so.
      expect({ delays, strange: answers.filter((each) => typeof each === "string") }).toEqual({
        delays,
        strange: [],
      });
      expect([answers[1], answers[4]]).toEqual([0, 0]);
      expect((await node.runtime.listContainers()).containers).toEqual([]);
      expect(node.monitors()).toEqual([]);
    }
    await node.runtime.removePodSandbox({ podSandboxId });
    expect(node.leftovers()).toEqual([]);
  }, 60_000);
});
