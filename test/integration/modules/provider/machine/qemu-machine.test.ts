// SPDX-License-Identifier: Apache-2.0
// A machine's life without a boot: what is checked, how it fails, that nothing is left. End-to-end tests boot one.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { PartialCreateError } from "../../../../../modules/provider/handler.ts";
import { qemuMachine } from "../../../../../modules/provider/handlers/qemu-machine.ts";
import { readRecord } from "../../../../../modules/provider/processes/daemon.ts";
import { isAlive } from "../../../../../modules/provider/processes/identity.ts";
import { freePort } from "../../../../helpers/free-port.ts";
import { resourceContext } from "../../../../helpers/resource-context.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

const dir = mkdtempSync(join(tmpdir(), "corefly-machine-"));
const stop = new AbortController();
const context = resourceContext({
  name: "node-1",
  cacheDir: join(dir, "cache"),
  stackDir: join(dir, "stack"),
  signal: stop.signal,
});
const folder = join(dir, "stack/nodes/node-1");

// A disk that nothing boots from.
const disk = Buffer.alloc(1 << 20);
const sha512 = createHash("sha512").update(disk).digest("hex");

const inputs = {
  image: { sha512 },
  ignition: '{"ignition":{"version":"3.3.0"}}',
  memoryMiB: 256,
  cpus: 1,
  disks: [],
  ports: [],
};

let busy: Server;
let busyPort = 0;

beforeAll(async () => {
  mkdirSync(join(dir, "cache/blobs/sha512"), { recursive: true });
  writeFileSync(join(dir, "cache/blobs/sha512", sha512), disk);
  busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
  const address = busy.address();
  busyPort = typeof address === "object" && address !== null ? address.port : 0;
});

afterAll(async () => {
  await qemuMachine.delete?.("node-1", inputs, context);
  await new Promise((resolve) => busy.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

describe("qemuMachine.check", () => {
  it("names the argument of a port that is taken", async () => {
    const free = await freePort();
    const ports = [
      { host: free, guest: 6443 },
      { host: busyPort, guest: 80 },
      { host: free, guest: 81 },
    ];
    const checked = await qemuMachine.check?.(undefined, { ...inputs, ports }, context);
    expect(checked?.failures).toEqual([
      {
        property: "ports[1].host",
        reason: `Port ${busyPort} of 127.0.0.1 is taken by another program, expected a free one`,
      },
      {
        property: "ports[2].host",
        reason: `Found port ${free} twice, expected different ports`,
      },
    ]);
  });

  it("wants one image and disks with different names that the guest can see", async () => {
    const wrong = {
      ...inputs,
      image: { sha512, lab: "0".repeat(64) },
      disks: ["/a/etcd.img", "/b/etcd.img", "/c/much-too-long-a-serial-number.img", "/d/a,b.img"],
    };
    const checked = await qemuMachine.check?.(undefined, wrong, context);
    expect(checked?.failures.map(({ property }) => property)).toEqual([
      "image",
      "disks[1]",
      "disks[2]",
      "disks[3]",
    ]);
  });
});

describe("qemuMachine.create", () => {
  it("says what QEMU said, and leaves a machine that the next try makes anew", async () => {
    const ports = [{ host: busyPort, guest: 80 }];
    const failure = await qemuMachine.create({ ...inputs, ports }, context).catch((error) => error);
    expect(failure).toBeInstanceOf(PartialCreateError);
    expect(failure.message).toMatch(
      /^Cannot boot machine "node-1": the machine ended: .*Could not set up host forwarding rule 'tcp:127\.0\.0\.1:\d+-:80' \(its console: .*console\.log\)$/,
    );
    expect(failure.outputs).toMatchObject({ running: false, configured: false });
    const diff = await qemuMachine.diff?.({ ...inputs, ...failure.outputs }, inputs, context);
    expect(diff).toEqual({ changes: true, replaces: [], detailed: { configured: "update" } });
  });

  it("leaves nothing when there is no such image", async () => {
    const missing = { ...inputs, image: { sha512: "0".repeat(128) } };
    await expect(qemuMachine.create(missing, context)).rejects.toThrow(
      /^Cannot find image sha512-0{12}…: it is not in the cache /,
    );
    expect(existsSync(folder)).toBe(false);
  });

  it("leaves the machine to the next run when it is interrupted, and keeps the config from others' eyes", async () => {
    const creating = qemuMachine.create(inputs, context).catch((error) => error);
    const record = join(folder, "process.json");
    await waitFor(() => existsSync(record), 30_000);
    const started = await readRecord(record);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "config.ign")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, "config.ign"), "utf8")).toBe(inputs.ignition);
    stop.abort();
    expect((await creating).message).toMatch(
      /^Cannot boot machine "node-1": .*; it goes on, and the next `up` waits for it/,
    );
    expect(started !== undefined && (await isAlive(started.process))).toBe(true);
    await qemuMachine.delete?.("node-1", inputs, context);
    expect(started !== undefined && (await isAlive(started.process))).toBe(false);
  });
});

describe("qemuMachine.diff", () => {
  const olds = { ...inputs, configured: true };

  it("needs a new machine for another config, a restart for another size", async () => {
    const config = await qemuMachine.diff?.(olds, { ...inputs, ignition: "{}" }, context);
    expect(config?.replaces).toEqual(["ignition"]);
    const size = await qemuMachine.diff?.(olds, { ...inputs, memoryMiB: 512 }, context);
    expect(size?.replaces).toEqual([]);
    expect(size?.detailed["memoryMiB"]).toBe("update");
  });

  it("starts a machine again that died", async () => {
    expect(await qemuMachine.diff?.(olds, inputs, context)).toEqual({
      changes: true,
      replaces: [],
      detailed: { running: "update" },
    });
  });
});

describe("qemuMachine.delete", () => {
  it("removes the folder, and does no harm twice", async () => {
    await qemuMachine.delete?.("node-1", inputs, context);
    expect(existsSync(folder)).toBe(false);
    await qemuMachine.delete?.("node-1", inputs, context);
  });
});
