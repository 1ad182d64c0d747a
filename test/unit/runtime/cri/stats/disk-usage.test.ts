// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { silentLog } from "../../../../../runtime/cri/log.ts";
import { DiskUsageCache } from "../../../../../runtime/cri/stats/disk-usage.ts";
import { linuxSystem } from "../../../../../runtime/system/linux.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

const { files, clock } = linuxSystem();
let warnings: unknown[];
const log = { ...silentLog, warn: (...args: unknown[]) => warnings.push(args) };
let dir: string;
beforeEach(() => {
  warnings = [];
  dir = mkdtempSync(join(tmpdir(), "disk-usage-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A cache whose time passes when it is told. */
function cache() {
  let nowMs = 0;
  return {
    usage: new DiskUsageCache({ files, clock: { ...clock, now: () => nowMs } }, log),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const MIB = 1n << 20n;

describe("DiskUsageCache", () => {
  it("follows what a container writes within 15 seconds, however often it is asked (CRI-08)", async () => {
    const { usage, pass } = cache();
    const used = async () => (await usage.usage("a", dir))?.usedBytes ?? -1n;
    expect(await used()).toBeLessThan(MIB);
    writeFileSync(join(dir, "big"), Buffer.alloc(Number(2n * MIB), 1));
    pass(5000);
    expect(await used()).toBeLessThan(MIB);
    pass(5001);
    // Answered at once with what is known; measured behind the answer.
    expect(await used()).toBeLessThan(MIB);
    await waitFor(async () => (await used()) >= 2n * MIB);
  });

  it("says once what cannot be counted, and tells what was", async () => {
    let nowMs = 0;
    const failing = {
      ...files,
      lstat: (() => Promise.reject(new Error("EIO: i/o error"))) as typeof files.lstat,
    };
    const broken = { files: failing, clock: { ...clock, now: () => nowMs } };
    const usage = new DiskUsageCache(broken, log);
    writeFileSync(join(dir, "a"), "");
    for (; nowMs < 60_000; nowMs += 20_000) {
      await waitFor(async () => (await usage.usage("a", dir))?.measuredAtMs === nowMs);
    }
    expect((await usage.usage("a", dir))?.inodes).toBe(1n);
    expect(warnings).toEqual([
      [
        "A container has written more than is counted",
        { container: "a", problem: "EIO: i/o error" },
      ],
    ]);
  });

  it("remembers nothing of what was removed, also while it was measured", async () => {
    const { usage } = cache();
    const first = usage.usage("a", dir);
    usage.forget("a");
    expect(await first).toBeUndefined();
    writeFileSync(join(dir, "big"), Buffer.alloc(Number(2n * MIB), 1));
    expect((await usage.usage("a", dir))?.usedBytes).toBeGreaterThanOrEqual(2n * MIB);
  });
});
