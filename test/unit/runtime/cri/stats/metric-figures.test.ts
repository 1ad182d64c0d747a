// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseIoStat, parseVersion1 } from "../../../../../runtime/cri/stats/block-io.ts";
import { readDetails, readMembers } from "../../../../../runtime/cri/stats/cgroup-details.ts";
import { linuxSystem } from "../../../../../runtime/system/linux.ts";

const system = linuxSystem();
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cri-figures-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function files(contents: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(contents)) {
    writeFileSync(join(dir, name), text);
  }
}

const FIGURES = {
  cpuUserNs: 1000n,
  cpuSystemNs: 2000n,
  cfsPeriods: 3n,
  cfsThrottledPeriods: 4n,
  cfsThrottledNs: 5000n,
  cacheBytes: 6n,
  mappedFileBytes: 7n,
  kernelBytes: 8n,
  maxUsageBytes: 9n,
  memoryFailures: 10n,
  oomKills: 11n,
  processesMax: undefined,
};

describe("readDetails()", () => {
  it("finds the same figures in version 2 and in version 1", async () => {
    files({
      "cpu.stat":
        "user_usec 1\nsystem_usec 2\nnr_periods 3\nnr_throttled 4\nthrottled_usec 5\nthrottled_time 5000\n",
      "memory.stat": "file 6\nfile_mapped 7\nkernel 8\ntotal_cache 6\ntotal_mapped_file 7\n",
      "memory.peak": "9\n",
      "memory.events": "high 1\nmax 10\noom_kill 11\n",
      "pids.max": "max\n",
      "cpuacct.usage_user": "1000\n",
      "cpuacct.usage_sys": "2000\n",
      "memory.kmem.usage_in_bytes": "8\n",
      "memory.max_usage_in_bytes": "9\n",
      "memory.failcnt": "10\n",
      "memory.oom_control": "oom_kill_disable 0\noom_kill 11\n",
    });
    expect(await readDetails(system, { "": dir })).toEqual(FIGURES);
    expect(await readDetails(system, { cpu: dir, cpuacct: dir, memory: dir, pids: dir })).toEqual(
      FIGURES,
    );
  });

  it("knows nothing of a cgroup that is gone", async () => {
    const details = await readDetails(system, { "": join(dir, "gone") });
    expect(Object.values(details).filter((figure) => figure !== undefined)).toEqual([]);
  });
});

describe("readMembers()", () => {
  it("names the processes and counts the threads", async () => {
    files({ "cgroup.procs": "10\n12\n", "cgroup.threads": "10\n11\n12\n", tasks: "10\n12\n" });
    expect(await readMembers(system, { "": dir })).toEqual({ processes: ["10", "12"], threads: 3 });
    expect(await readMembers(system, { memory: dir })).toEqual({
      processes: ["10", "12"],
      threads: 2,
    });
    expect(await readMembers(system, { "": join(dir, "gone") })).toEqual({
      processes: [],
      threads: 0,
    });
  });
});

describe("block devices", () => {
  const device = { major: "8", minor: "0", readBytes: 1n, writtenBytes: 2n, reads: 3n, writes: 4n };

  it("are read from io.stat", () => {
    expect(parseIoStat("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n")).toEqual([device]);
    expect(parseIoStat("")).toEqual([]);
  });

  it("are put together from the two files of version 1", () => {
    expect(
      parseVersion1(
        "8:0 Read 1\n8:0 Write 2\n8:0 Total 3\nTotal 3\n",
        "8:0 Read 3\n8:0 Write 4\nTotal 7\n",
      ),
    ).toEqual([device]);
    expect(parseVersion1("Total 0\n", "Total 0\n")).toEqual([]);
  });
});
