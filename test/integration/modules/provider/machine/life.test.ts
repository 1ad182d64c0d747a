// SPDX-License-Identifier: Apache-2.0
// A machine's life on a real QEMU process, whose guest is a boot sector: updates in place, time-outs, replacements, and what
// becomes of the disk and its data.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, jest } from "@jest/globals";
import {
  PartialCreateError,
  type ResourceContext,
} from "../../../../../modules/provider/handler.ts";
import { disk } from "../../../../../modules/provider/handlers/disk.ts";
import { qemuMachine } from "../../../../../modules/provider/handlers/qemu-machine.ts";
import type { PropertyValues } from "../../../../../modules/provider/property-value.ts";
import { freePort } from "../../../../helpers/free-port.ts";
import { processesOf } from "../../../../helpers/processes.ts";
import { resourceContext, type TestContext } from "../../../../helpers/resource-context.ts";
import { releaseTiny, tinyCounts, tinyMachine } from "../../../../helpers/tiny-machine.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

jest.setTimeout(60_000);

const dir = mkdtempSync(join(tmpdir(), "corefly-life-"));
const cacheDir = join(dir, "cache");
const stackDir = join(dir, "stack");
const folder = join(stackDir, "nodes/node-1");
const quick = tinyMachine(cacheDir);
/** Does not come up before it is let go on. */
const held = tinyMachine(cacheDir, { held: true });
const diskPath = join(stackDir, "disks/node-1-etcd/etcd.img");
const diskInputs = { sizeGiB: 1, label: "etcd" };

let shown: TestContext = resourceContext();

function context(given: Partial<ResourceContext> = {}): TestContext {
  shown = resourceContext({ name: "node-1", cacheDir, stackDir, now: () => Date.now(), ...given });
  return shown;
}

function inputs(more: PropertyValues = {}): PropertyValues {
  return {
    image: { sha512: quick },
    ignition: config("hello"),
    memoryMiB: 64,
    cpus: 1,
    disks: [diskPath],
    ports: [],
    ...more,
  };
}

function config(motd: string): string {
  const file = { path: "/etc/motd", contents: { source: `data:,${motd}` } };
  return JSON.stringify({ ignition: { version: "3.3.0" }, storage: { files: [file] } });
}

const machines = () => processesOf(stackDir, "qemu-system");

const makeDisk = () => disk.create(diskInputs, context({ name: "node-1-etcd" }));

/** What the state has of a machine that was made. */
async function make(given: PropertyValues): Promise<PropertyValues> {
  return { ...given, ...(await qemuMachine.create(given, context())).outputs };
}

async function update(olds: PropertyValues, news: PropertyValues): Promise<PropertyValues> {
  return { ...news, ...(await qemuMachine.update?.("node-1", olds, news, context())) };
}

const diff = (olds: PropertyValues, news: PropertyValues) =>
  qemuMachine.diff?.(olds, news, context());

const arguments_ = (pid: unknown) => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");

afterEach(async () => {
  await qemuMachine.delete?.("node-1", inputs(), context());
  await disk.delete?.("x", { ...diskInputs, path: diskPath }, context({ name: "node-1-etcd" }));
  expect(await machines()).toEqual([]);
  expect(existsSync(stackDir)).toBe(false);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("a machine of another size", () => {
  it("is powered down and started again with its disks", async () => {
    await makeDisk();
    const olds = await make(inputs());
    const port = await freePort();
    const news = inputs({ memoryMiB: 96, cpus: 2, ports: [{ host: port, guest: 6443 }] });
    expect(await diff(olds, news)).toEqual({
      changes: true,
      replaces: [],
      detailed: { memoryMiB: "update", cpus: "update", "ports[0]": "add" },
    });
    const now = await update(olds, news);
    expect(now).toMatchObject({ running: true, configured: true });
    expect(now["pid"]).not.toBe(olds["pid"]);
    expect(await machines()).toEqual([now["pid"]]);
    expect(arguments_(now["pid"])).toEqual(expect.arrayContaining(["96M", "2"]));
    expect(arguments_(now["pid"]).join(" ")).toContain(`hostfwd=tcp:127.0.0.1:${port}-:6443`);
    expect(tinyCounts(diskPath)).toEqual({ starts: 2, powerDowns: 1 });
    expect((await diff(now, news))?.changes).toBe(false);
  });
});

describe("a machine of a size that was never recorded", () => {
  it("is started again with the one that is wanted", async () => {
    const olds = await make(inputs({ disks: [] }));
    await update(olds, inputs({ disks: [], memoryMiB: 96 }));
    expect((await diff(olds, inputs({ disks: [] })))?.detailed).toEqual({ startedAt: "update" });
    const now = await update(olds, inputs({ disks: [] }));
    expect(arguments_(now["pid"])).toContain("64M");
    expect((await diff(now, inputs({ disks: [] })))?.changes).toBe(false);
  });
});

describe("a machine with another config", () => {
  it("is a new one with the old one's disk, and the preview says because of which file", async () => {
    await makeDisk();
    const olds = await make(inputs());
    const news = inputs({ ignition: config("bye") });
    expect((await diff(olds, news))?.replaces).toEqual(["ignition"]);
    expect(shown.messages).toEqual(['info: New machine "node-1", because of file /etc/motd']);
    await qemuMachine.delete?.("node-1", olds, context());
    expect(tinyCounts(diskPath)).toEqual({ starts: 1, powerDowns: 1 });
    expect(existsSync(folder)).toBe(false);
    await make(news);
    expect(tinyCounts(diskPath)).toEqual({ starts: 2, powerDowns: 1 });
    expect(readFileSync(join(folder, "config.ign"), "utf8")).toBe(news["ignition"]);
  });
});

describe("a machine that is not up in time", () => {
  const late = inputs({ image: { sha512: held } });

  it("goes on, and the next run waits for the same", async () => {
    await makeDisk();
    const stop = new AbortController();
    const ended = new Error('Cannot create QemuMachine "node-1": took longer than 2 s');
    const first = context({
      signal: stop.signal,
      status: (text) => {
        if (text.startsWith("Ignition")) stop.abort(ended);
      },
    });
    const failure = await qemuMachine.create(late, first).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PartialCreateError);
    const { message, outputs } = failure as PartialCreateError;
    expect(message).toMatch(
      /^Cannot boot machine "node-1": took longer than 2 s; last on its console: Ignition \(files\): tiny; it goes on, and the next `up` waits for it \(its console: .*console\.log\)$/,
    );
    expect(shown.messages).toContain("info: console: Linux version 6.1-tiny");
    expect(outputs).toMatchObject({ running: true, configured: false });
    expect(await machines()).toEqual([outputs["pid"]]);

    const olds = { ...late, ...outputs };
    expect((await diff(olds, late))?.detailed).toEqual({ configured: "update" });
    const second = context({
      status: (text) => {
        second.messages.push(`status: ${text}`);
        releaseTiny(diskPath);
      },
    });
    const now = { ...late, ...(await qemuMachine.update?.("node-1", olds, late, second)) };
    expect(now).toMatchObject({ pid: outputs["pid"], running: true, configured: true });
    expect(shown.messages[0]).toBe(
      `info: Goes on with the machine that an earlier run started, process ${String(outputs["pid"])}`,
    );
    expect(shown.messages).toContainEqual(
      expect.stringMatching(/^status: Ignition \(\d+ s\), \d+ s since power-on$/),
    );
    expect(tinyCounts(diskPath)).toEqual({ starts: 1, powerDowns: 0 });
  });

  it("is made anew by the next run if that wants another", async () => {
    await makeDisk();
    const stop = new AbortController();
    const creating = qemuMachine
      .create(late, context({ signal: stop.signal }))
      .catch((error: unknown) => error);
    await waitFor(async () => (await machines()).length === 1, 30_000);
    stop.abort(new Error("Cannot create: cancelled"));
    const { outputs } = (await creating) as PartialCreateError;
    const news = inputs({ memoryMiB: 96 });
    const now = await update({ ...late, ...outputs }, news);
    expect(now["pid"]).not.toBe(outputs["pid"]);
    expect(shown.messages[0]).toBe(
      `info: Ends what an earlier run started otherwise, process ${String(outputs["pid"])}`,
    );
    expect(await machines()).toEqual([now["pid"]]);
  });
});

describe("what goes away", () => {
  it("a folder: what still runs is recorded until it is ended, by the next machine", async () => {
    const port = await freePort();
    const given = inputs({ disks: [], ports: [{ host: port, guest: 6443 }] });
    const olds = await make(given);
    rmSync(folder, { recursive: true });
    const found = await qemuMachine.read?.("node-1", olds, context());
    expect(found?.outputs).toMatchObject({ running: false, configured: false, pid: 0 });
    expect((await qemuMachine.check?.(olds, given, context()))?.failures).toEqual([]);
    const now = await update({ ...olds, ...found?.outputs }, given);
    expect(now["pid"]).not.toBe(olds["pid"]);
    expect(await machines()).toEqual([now["pid"]]);
  });

  it("a folder and its process: the machine is gone for refresh", async () => {
    const olds = await make(inputs({ disks: [] }));
    rmSync(folder, { recursive: true });
    process.kill(Number(olds["pid"]), "SIGKILL");
    await waitFor(async () => (await machines()).length === 0);
    expect(await qemuMachine.read?.("node-1", olds, context())).toBeUndefined();
  });

  it("the record of a process: the machine is not running for refresh, and not left behind", async () => {
    const olds = await make(inputs({ disks: [] }));
    rmSync(join(folder, "process.json"));
    const found = await qemuMachine.read?.("node-1", olds, context());
    expect(found?.outputs).toMatchObject({ running: false, pid: 0 });
    expect((await diff({ ...olds, ...found?.outputs }, inputs({ disks: [] })))?.detailed).toEqual({
      running: "update",
    });
    const now = await update(olds, inputs({ disks: [] }));
    expect(await machines()).toEqual([now["pid"]]);
  });

  it("a disk: another one needs another machine, whose Ignition makes its file system", async () => {
    await makeDisk();
    const olds = await make(inputs());
    const diskContext = context({ name: "node-1-etcd" });
    rmSync(diskPath);
    const diskOlds = { ...diskInputs, path: diskPath };
    expect(await disk.read?.("x", diskOlds, diskContext)).toBeUndefined();
    const gone = await diff(olds, inputs());
    expect(gone?.replaces).toEqual(["disks"]);
    await disk.create(diskInputs, diskContext);
    const other = await diff(olds, inputs());
    expect(other).toEqual({
      changes: true,
      replaces: ["disks"],
      detailed: { "disks[0]": "update" },
    });
    expect(shown.messages).toEqual([
      'info: New machine "node-1", because of disk etcd, which is another one',
    ]);
    await qemuMachine.delete?.("node-1", olds, context());
    const now = await make(inputs());
    expect((await diff(now, inputs()))?.changes).toBe(false);
    expect(tinyCounts(diskPath)).toEqual({ starts: 1, powerDowns: 0 });
  });
});

describe("a machine that does not hear its power button", () => {
  it("is ended all the same, and the user hears of it", async () => {
    const deaf = tinyMachine(cacheDir, { deaf: true });
    const olds = await make(inputs({ image: { sha512: deaf }, disks: [] }));
    await qemuMachine.delete?.("node-1", olds, context({ timeoutSeconds: 2 }));
    expect(shown.messages).toContain(
      'warning: Machine "node-1" is off, but it did not power down within 1 s, and was ended as if its power had been cut',
    );
    expect(await machines()).toEqual([]);
  });
});
