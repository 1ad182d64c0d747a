// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { lockOf } from "../../../../../modules/artifacts/lock.ts";
import {
  bindingLock,
  knownName,
  requestOf,
} from "../../../../../modules/provider/build/request.ts";

const options = { cacheDir: "/nowhere", architecture: "amd64" } as const;
const source = { releaseUrl: "http://release" };

describe("knownName()", () => {
  it("refuses an unknown name and lists the known ones", () => {
    expect(() => knownName("kubernetes-rpm", "amd64")).toThrow(
      /^Cannot obtain artefact "kubernetes-rpm": there is none of that name, wanted one of kubernetes, etcd, /,
    );
  });

  it("is not fooled by names of every object", () => {
    expect(() => knownName("constructor", "amd64")).toThrow("there is none of that name");
  });
});

describe("bindingLock()", () => {
  it("is that of the architecture, for nodes only", () => {
    expect(bindingLock(options)).toBe(lockOf("amd64"));
    expect(bindingLock({ ...options, runtimeFolder: "/scratch" })).toEqual({});
  });
});

describe("requestOf()", () => {
  const lock = lockOf("amd64");

  it("binds what is reproducible to its digest", async () => {
    expect((await requestOf("etcd", options, lock)).locked).toBe(lock["etcd"]);
  });

  it("binds what has Debian packages in it only to a release's digest", async () => {
    expect((await requestOf("kubernetes-aci", options, lock)).locked).toBeUndefined();
    const released = await requestOf("kubernetes-aci", { ...options, source }, lock);
    expect(released.locked).toBe(lock["kubernetes-aci"]);
  });

  it("says progress with name and version", async () => {
    const lines: string[] = [];
    const onProgress = (line: string) => lines.push(line);
    (await requestOf("etcd", { ...options, onProgress }, lock)).progress("Packing");
    expect(lines).toEqual(["etcd v3.6.16: Packing"]);
  });
});
