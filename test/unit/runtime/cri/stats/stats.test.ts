// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseCgroups, readUsage } from "../../../../../runtime/cri/stats/cgroup-files.ts";
import { CpuRates } from "../../../../../runtime/cri/stats/cpu-rates.ts";
import { linuxSystem } from "../../../../../runtime/system/linux.ts";

const system = linuxSystem();
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cri-stats-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function files(contents: Readonly<Record<string, string>>): string {
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of Object.entries(contents)) {
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

describe("parseCgroups()", () => {
  it("version 2 is one directory", () => {
    expect(parseCgroups("0::/kubepods.slice/x.scope\n")).toEqual({
      "": "/sys/fs/cgroup/kubepods.slice/x.scope",
    });
  });

  it("version 2 below systemd, with a unit's name that has a colon", () => {
    const path = "/kubepods.slice/kubepods-pod1.slice/corefly-a:b.scope";
    expect(parseCgroups(`0::${path}\n`)).toEqual({ "": `/sys/fs/cgroup${path}` });
  });

  it("version 1 is one for each controller, without a hybrid host's empty tree", () => {
    expect(parseCgroups("3:cpu,cpuacct:/a\n2:memory:/b\n1:name=systemd:/c\n0::/d\n")).toEqual({
      cpu: "/sys/fs/cgroup/cpu/a",
      cpuacct: "/sys/fs/cgroup/cpuacct/a",
      memory: "/sys/fs/cgroup/memory/b",
      systemd: "/sys/fs/cgroup/systemd/c",
    });
  });
});

describe("readUsage()", () => {
  it("reads version 2", async () => {
    const directory = files({
      "cpu.stat": "usage_usec 2500\nuser_usec 1\n",
      "memory.current": "1000\n",
      "memory.stat": "anon 300\ninactive_file 200\npgfault 7\npgmajfault 1\n",
      "memory.max": "max\n",
      "memory.swap.current": "5\n",
      "pids.current": "3\n",
    });
    expect(await readUsage(system, { "": directory })).toEqual({
      cpuNs: 2_500_000n,
      memoryUsageBytes: 1000n,
      workingSetBytes: 800n,
      rssBytes: 300n,
      pageFaults: 7n,
      majorPageFaults: 1n,
      memoryLimitBytes: undefined,
      swapBytes: 5n,
      processes: 3n,
    });
  });

  it("of version 2 knows a limit, and leaves out what the host does not count", async () => {
    const directory = files({
      "cpu.stat": "usage_usec 7\n",
      "memory.current": "1000\n",
      "memory.stat": "inactive_file 1500\n",
      "memory.max": "67108864\n",
    });
    expect(await readUsage(system, { "": directory })).toMatchObject({
      workingSetBytes: 0n,
      memoryLimitBytes: 67_108_864n,
      rssBytes: undefined,
      swapBytes: undefined,
      processes: undefined,
    });
  });

  it("reads version 1, where a giant limit is none", async () => {
    const directory = files({
      "cpuacct.usage": "99\n",
      "memory.usage_in_bytes": "1000\n",
      "memory.stat": "total_inactive_file 1500\ntotal_rss 10\n",
      "memory.limit_in_bytes": "9223372036854771712\n",
    });
    expect(await readUsage(system, { cpuacct: directory, memory: directory })).toMatchObject({
      cpuNs: 99n,
      workingSetBytes: 0n,
      rssBytes: 10n,
      memoryLimitBytes: undefined,
    });
  });

  it("is undefined when the cgroup is gone", async () => {
    expect(await readUsage(system, { "": join(dir, "gone") })).toBeUndefined();
  });
});

describe("CpuRates", () => {
  it("are the difference between two questions", () => {
    const rates = new CpuRates();
    const second = 1_000_000_000n;
    expect(rates.rate("a", 0n, 0n)).toBeUndefined();
    expect(rates.rate("a", second / 2n, second)).toBe(500_000_000n);
    expect(rates.rate("a", second, second + 1n)).toBe(500_000_000n);
    expect(rates.rate("b", undefined, second)).toBeUndefined();
    rates.forget("a");
    expect(rates.rate("a", second, second)).toBeUndefined();
  });
});
