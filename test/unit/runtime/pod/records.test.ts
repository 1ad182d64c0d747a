// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  CONTAINER_FILE,
  type ContainerRecord,
  parseContainerRecord,
  readContainerRecord,
  writeContainerRecord,
} from "../../../../runtime/pod/container-record.ts";
import { salvageRecord } from "../../../../runtime/pod/salvage.ts";
import {
  parseSandboxRecord,
  readSandboxRecord,
  SANDBOX_FILE,
  type SandboxRecord,
  uuidOfSandboxId,
  writeSandboxRecord,
} from "../../../../runtime/pod/sandbox-record.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";

const system = linuxSystem();
const id = "0123456789abcdef".repeat(4);
const sandbox: SandboxRecord = {
  version: 1,
  id,
  uuid: uuidOfSandboxId(id),
  state: "ready",
  released: false,
  bootId: "b",
  createdAtNs: "1790000000000000001",
  name: "web",
  namespace: "default",
  podUid: "u",
  attempt: 2,
  labels: { a: "b" },
  annotations: {},
  runtimeHandler: "",
  hostNetwork: false,
  hostname: "web",
  netnsPath: "/n",
  ipcnsPath: "/i",
  utsnsPath: "/t",
  shmPath: "/s",
  ips: ["10.0.0.1"],
  sharedPid: true,
  init: { bootId: "b", pid: 7, startTime: "99" },
  logDirectory: "/l",
  cgroupParent: "/c",
  config: { metadata: {} },
};
const container: ContainerRecord = {
  version: 1,
  id,
  sandboxId: id,
  podUuid: sandbox.uuid,
  name: "app",
  attempt: 0,
  state: "running",
  createdAtNs: "1",
  startedAtNs: "2",
  finishedAtNs: "0",
  exitCode: 0,
  reason: "",
  message: "",
  process: { bootId: "b", pid: 8, startTime: "100" },
  target: { bootId: "b", pid: 9, startTime: "101" },
  imageId: "sha256:x",
  imageName: "app:1",
  labels: {},
  annotations: {},
  logPath: "/l/app/0.log",
  uid: 1000,
  gid: 1000,
  groups: [50],
  stopSignal: 15,
  cgroups: { "": "/sys/fs/cgroup/x" },
  imageMounts: [],
  resources: {},
  config: {},
};

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "records-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("records of the kubelet's pods", () => {
  it("come back as they were written, readable by root only", async () => {
    await writeSandboxRecord(system, dir, sandbox);
    await writeContainerRecord(system, dir, container);
    expect(await readSandboxRecord(system, dir)).toEqual(sandbox);
    expect(await readContainerRecord(system, dir)).toEqual(container);
    expect(statSync(join(dir, SANDBOX_FILE)).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, CONTAINER_FILE)).mode & 0o777).toBe(0o600);
  });

  it("are not there for pods that were started by hand", async () => {
    expect(await readSandboxRecord(system, dir)).toBeUndefined();
    expect(await readContainerRecord(system, join(dir, "no/such"))).toBeUndefined();
  });

  it("that are damaged are refused by file and field", async () => {
    writeFileSync(join(dir, SANDBOX_FILE), '{"version":1,"id":');
    await expect(readSandboxRecord(system, dir)).rejects.toThrow(
      `Cannot read record "${join(dir, SANDBOX_FILE)}": not JSON`,
    );
    const parse = (changes: object) => () =>
      parseSandboxRecord(JSON.stringify({ ...sandbox, ...changes }), "f");
    expect(parse({ version: 2 })).toThrow("written by another version of corefly");
    expect(parse({ id: "../x" })).toThrow('Cannot read record "f": id is "../x"');
    expect(parse({ state: "odd" })).toThrow('state is "odd", expected one of creating, ready');
    expect(parse({ labels: { a: 1 } })).toThrow("labels is");
    expect(parse({ ips: "10.0.0.1" })).toThrow("ips is");
    expect(parse({ init: { pid: 1 } })).toThrow("init is");
    expect(() =>
      parseContainerRecord(JSON.stringify({ ...container, exitCode: "0" }), "f"),
    ).toThrow('exitCode is "0", expected an integer');
    expect(() => parseContainerRecord("[]", "f")).toThrow("expected a JSON object");
  });
});

describe("salvageRecord()", () => {
  const fallback: SandboxRecord = {
    ...sandbox,
    name: "",
    attempt: 0,
    state: "stopped",
    labels: {},
  };
  const salvage = (text: string) => salvageRecord(text, fallback, parseSandboxRecord);

  it("keeps each field that can be read, and no other", () => {
    const later = { ...sandbox, version: 2, state: "asleep", labels: { a: 1 }, more: true };
    expect(salvage(JSON.stringify(later))).toEqual({ ...sandbox, state: "stopped", labels: {} });
  });

  it.each(["", "{", "[]", "null", "7"])("makes the fallback of %j", (text) => {
    expect(salvage(text)).toEqual(fallback);
  });
});

describe("uuidOfSandboxId()", () => {
  it("is the id's first half in the form of a UUID", () => {
    expect(uuidOfSandboxId(id)).toBe("01234567-89ab-cdef-0123-456789abcdef");
  });
});
