// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  type ContainerRecord,
  writeContainerRecord,
} from "../../../../runtime/pod/container-record.ts";
import { Pods } from "../../../../runtime/pod/pods.ts";
import { bootId, identify } from "../../../../runtime/pod/process.ts";
import { viewPod } from "../../../../runtime/pod/view.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";
import { writeExitedPod, writeKubeletPod } from "../../../helpers/pod-fixture.ts";

const system = linuxSystem();
let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "view-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const view = async (uuid: string) => {
  using pod = new Pods(system, dir).get(uuid);
  return await viewPod(system, pod);
};

const container = (digit: string, more: Partial<ContainerRecord>): ContainerRecord => ({
  version: 1,
  id: digit.repeat(64),
  sandboxId: "1".repeat(64),
  podUuid: "",
  name: `c${digit}`,
  attempt: 0,
  state: "running",
  createdAtNs: "5",
  startedAtNs: "6",
  finishedAtNs: "0",
  exitCode: 0,
  reason: "",
  message: "",
  process: undefined,
  target: undefined,
  imageId: "sha256:00",
  imageName: "example.com/c:1",
  labels: {},
  annotations: {},
  logPath: "",
  uid: 0,
  gid: 0,
  groups: [],
  stopSignal: 15,
  cgroups: {},
  imageMounts: [],
  resources: {},
  config: {},
  ...more,
});

describe("viewPod()", () => {
  it("of the kubelet: alive by its record, apps by their processes, never a made-up exit code", async () => {
    const { uuid, dir: podDir } = await writeKubeletPod(dir, bootId(system));
    const apps = [
      container("1", { process: identify(system, process.pid) }),
      container("2", { process: { bootId: "another", pid: 1, startTime: "1" } }),
      container("3", { process: { bootId: "another", pid: 1, startTime: "1" } }),
      container("4", { state: "exited", exitCode: 137, finishedAtNs: "9" }),
      container("5", { state: "created", startedAtNs: "0" }),
    ];
    for (const app of apps) {
      mkdirSync(join(podDir, "apps", app.id), { recursive: true });
      await writeContainerRecord(system, join(podDir, "apps", app.id), app);
    }
    writeFileSync(join(podDir, "apps", "3".repeat(64), "exit"), "3\n");
    mkdirSync(join(podDir, "apps/damaged"));
    writeFileSync(join(podDir, "apps/damaged/container.json"), "{");
    const pod = await view(uuid);
    expect(pod).toMatchObject({
      owner: "kubelet",
      state: "running",
      networks: [{ ip: "10.2.0.7" }],
      labels: { app: "web" },
    });
    expect(pod.apps.map(({ name, state, exitCode, pid }) => [name, state, exitCode, pid])).toEqual([
      ["c1", "running", undefined, process.pid],
      ["c2", "exited", undefined, undefined],
      ["c3", "exited", 3, undefined],
      ["c4", "exited", 137, undefined],
      ["c5", "created", undefined, undefined],
    ]);
    expect(pod.problems.length).toBe(1);
  });

  it("of the kubelet: exited after another boot", async () => {
    const { uuid } = await writeKubeletPod(dir, "another boot");
    expect((await view(uuid)).state).toBe("exited");
  });

  it("shows what there is of a damaged one, and says what is wrong", async () => {
    const { uuid, dir: podDir } = await writeKubeletPod(dir, "b");
    writeFileSync(join(podDir, "sandbox.json"), "{}");
    expect(await view(uuid)).toMatchObject({ uuid, owner: "kubelet", state: "exited", apps: [] });
    writeExitedPod(dir, "22222222-0000-4000-8000-000000000000");
    writeFileSync(join(dir, "pods/run/22222222-0000-4000-8000-000000000000/pod"), "nonsense");
    expect(await view("2222")).toMatchObject({
      owner: "hand",
      state: "exited",
      apps: [],
      problems: [expect.stringContaining("not JSON")],
    });
  });
});
