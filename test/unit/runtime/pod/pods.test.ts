// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { formatPodManifest, summarizeManifest } from "../../../../runtime/pod/manifest.ts";
import { Pods, readUuidFile } from "../../../../runtime/pod/pods.ts";
import { identify, isSameProcess } from "../../../../runtime/pod/process.ts";
import { PHASES, podState } from "../../../../runtime/pod/state.ts";
import { matchUuid, newPodUuid, parsePodUuid } from "../../../../runtime/pod/uuid.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";

const system = linuxSystem();
let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pods-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe("matchUuid()", () => {
  const [a, b] = [
    "aaaaaaaa-0000-4000-8000-000000000000",
    "aaaaaaab-0000-4000-8000-000000000000",
  ].map(parsePodUuid);

  it("wants exactly one pod that begins so, and never takes nothing for all", () => {
    const uuids = [a, b].filter((uuid) => uuid !== undefined);
    expect(matchUuid("aaaaaaaa", uuids)).toBe(a);
    expect(() => matchUuid("aaaa", uuids)).toThrow("ambiguous uuid, 2 matches");
    expect(() => matchUuid("b", uuids)).toThrow('no matches found for "b"');
    for (const empty of ["", " ", "\n"]) {
      expect(() => matchUuid(empty, uuids.slice(0, 1))).toThrow("UUID cannot be empty");
    }
  });

  it("takes the ids of pods as CRI clients show them", () => {
    const uuids = [a, b].filter((uuid) => uuid !== undefined);
    const id = `aaaaaaab000040008000${"0".repeat(12)}${"f".repeat(32)}`;
    expect(matchUuid(id, uuids)).toBe(b);
    expect(matchUuid(id.slice(0, 13), uuids)).toBe(b);
    expect(() => matchUuid(`${id}0`, uuids)).toThrow("no matches found");
    expect(() => matchUuid(`${id.slice(0, 31)}1`, uuids)).toThrow("no matches found");
  });

  it("takes any beginning of a lonely one", () => {
    const uuid = newPodUuid();
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 36 }),
        (length) => matchUuid(uuid.slice(0, length), [uuid]) === uuid,
      ),
    );
  });
});

describe("podState()", () => {
  it("is rkt's table", () => {
    expect(PHASES.map((phase) => [podState(phase, "held"), podState(phase, "free")])).toEqual([
      ["embryo", "embryo"],
      ["preparing", "aborted prepare"],
      ["prepared", "prepared"],
      ["running", "exited"],
      ["deleting", "exited garbage"],
      ["deleting", "garbage"],
    ]);
  });
});

describe("Pods", () => {
  it("makes pods that are locked, moves them, and sees the lock go", () => {
    const pods = new Pods(system, dir);
    const pod = pods.create();
    expect([pod.phase, readdirSync(join(dir, "pods/prepare"))]).toEqual(["prepare", [pod.uuid]]);
    const state = () => {
      using other = pods.get(pod.uuid.slice(0, 8));
      return other.state();
    };
    expect(state()).toBe("preparing");
    pod.moveTo("run");
    expect(state()).toBe("running");
    pod.close();
    pod.close();
    expect(state()).toBe("exited");
  });

  it("finds a pod that moved, and knows when a handle is stale", () => {
    const pods = new Pods(system, dir);
    const uuid = pods.create().uuid;
    const stale = pods.find(uuid);
    renameSync(join(dir, "pods/prepare", uuid), join(dir, "pods/run", uuid));
    expect(stale?.isStillThere()).toBe(false);
    expect(pods.find(uuid)?.phase).toBe("run");
    expect(pods.find(newPodUuid())).toBeUndefined();
  });

  it("lists only what is a pod, once, sorted, and passes over one that goes away", async () => {
    const pods = new Pods(system, dir);
    const made = [pods.create(), pods.create(), pods.create()].map((pod) => pod.uuid).sort();
    mkdirSync(join(dir, "pods/prepare/not-a-pod"));
    writeFileSync(join(dir, "pods/run/file"), "");
    expect(pods.uuids(["run", "prepare"])).toEqual(made);
    const seen = await pods.each(["prepare"], async (pod) => {
      rmSync(join(dir, "pods/prepare", made[1] ?? ""), { recursive: true, force: true });
      return pod.uuid;
    });
    expect(seen).toEqual([made[0], made[2]]);
  });

  it("lock() refuses when somebody else holds it, and when the pod is gone", async () => {
    const pods = new Pods(system, dir);
    const owner = pods.create();
    const other = pods.find(owner.uuid);
    await expect(other?.lock()).rejects.toThrow(
      `Cannot lock pod "${owner.uuid}": somebody else works on it`,
    );
    owner.moveTo("garbage");
    owner.close();
    await expect(other?.lock()).rejects.toThrow(
      `Cannot lock pod "${owner.uuid}": it is not in "prepare" any more`,
    );
  });

  it("reads UUID files without the white space", () => {
    writeFileSync(join(dir, "u"), " x\n\n");
    expect(readUuidFile(system, join(dir, "u"))).toBe("x");
    expect(() => readUuidFile(system, join(dir, "none"))).toThrow("ENOENT");
  });
});

describe("pod manifests", () => {
  it("are summarized leniently, and refused when they are something else", () => {
    const text = formatPodManifest({
      acKind: "PodManifest",
      acVersion: "0.1.0",
      apps: [
        {
          name: "a",
          image: { id: "sha512-1", name: "x/a", labels: [{ name: "version", value: "2" }] },
          mounts: [],
        },
      ],
      volumes: [{ name: "e", kind: "empty", readOnly: false, mode: 0o755, uid: 0, gid: 0 }],
      annotations: [{ name: "corefly.dev/stage1", value: "fly" }],
      ports: [],
    });
    expect(JSON.parse(text).volumes[0].mode).toBe("0755");
    expect(summarizeManifest(text, "f")).toEqual({
      flavour: "fly",
      apps: [{ name: "a", imageId: "sha512-1", imageName: "x/a:2" }],
    });
    expect(summarizeManifest('{"acKind":"PodManifest","apps":[{}, 3]}', "f").apps.length).toBe(2);
    expect(() => summarizeManifest("{", "f")).toThrow('Cannot read pod manifest "f": not JSON');
    expect(() => summarizeManifest('{"acKind":"ImageManifest"}', "f")).toThrow(
      'acKind is "ImageManifest"',
    );
  });
});

describe("identify()", () => {
  it("tells a process from another of the same number", () => {
    const me = identify(system, process.pid);
    expect(me !== undefined && isSameProcess(system, me)).toBe(true);
    expect(me !== undefined && isSameProcess(system, { ...me, startTime: "1" })).toBe(false);
    expect(me !== undefined && isSameProcess(system, { ...me, bootId: "other" })).toBe(false);
    expect(identify(system, 0x7fffffff)).toBeUndefined();
  });
});
