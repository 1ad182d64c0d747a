// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { LinuxContainerResourcesSchema } from "../../../../../runtime/cri/api-schema.ts";
import {
  appResources,
  mergeResources,
  oomScoreAdj,
} from "../../../../../runtime/cri/plan/resources.ts";

describe("appResources()", () => {
  it("passes on what is said and leaves out what is not", () => {
    const resources = create(LinuxContainerResourcesSchema, {
      cpuShares: 512n,
      cpuQuota: -1n,
      memoryLimitInBytes: 1n << 30n,
      hugepageLimits: [{ pageSize: "2MB", limit: 0n }],
      unified: { "memory.oom.group": "1" },
    });
    expect(appResources(resources)).toEqual({
      cpuShares: 512,
      cpuQuotaUs: -1,
      memoryLimitBytes: 2 ** 30,
      hugepageLimits: [{ pageSize: "2MB", limitBytes: 0 }],
      unified: { "memory.oom.group": "1" },
    });
    expect(appResources(undefined)).toEqual({});
  });

  it("refuses numbers that nothing could mean", () => {
    const resources = create(LinuxContainerResourcesSchema, { memoryLimitInBytes: 1n << 60n });
    expect(() => appResources(resources)).toThrow("it is too large");
  });
});

describe("mergeResources()", () => {
  it("keeps what an update does not say", () => {
    const old = create(LinuxContainerResourcesSchema, {
      cpuShares: 2n,
      memoryLimitInBytes: 100n,
      cpusetCpus: "0",
      unified: { "memory.high": "1", "memory.min": "2" },
    });
    const update = create(LinuxContainerResourcesSchema, {
      memoryLimitInBytes: 200n,
      unified: { "memory.high": "3" },
    });
    expect(mergeResources(old, update)).toMatchObject({
      cpuShares: 2n,
      memoryLimitInBytes: 200n,
      cpusetCpus: "0",
      unified: { "memory.high": "3", "memory.min": "2" },
    });
  });
});

describe("oomScoreAdj()", () => {
  it("is never the server's own", () => {
    expect(oomScoreAdj(undefined)).toBe(0);
    expect(oomScoreAdj(create(LinuxContainerResourcesSchema, { oomScoreAdj: -998n }))).toBe(-998);
  });
});
