// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { lockOf } from "../../../../../modules/artifacts/lock.ts";
import { digestFile, keepBlob } from "../../../../../modules/provider/build/cache.ts";
import { readOutput } from "../../../../../modules/provider/build/command.ts";
import { servesVersions } from "../../../../../modules/provider/build/debian-packages.ts";
import { hostArchitecture } from "../../../../../modules/provider/build/host.ts";
import { knownArtifacts, obtainArtifacts } from "../../../../../modules/provider/build/obtain.ts";
import { REPOSITORY } from "../../../../../modules/provider/build/repository.ts";

let cacheDir: string;

beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), "obtain-"));
});

afterEach(() => {
  rmSync(cacheDir, { recursive: true, force: true });
});

describe("obtainArtifacts()", () => {
  it.each([
    ["node-tools", "it needs Debian packages for "],
    ["ignition", "it needs a C compiler for "],
  ])("says why %s cannot be had for another architecture", async (name, reason) => {
    const architecture = hostArchitecture() === "amd64" ? "arm64" : "amd64";
    const obtaining = obtainArtifacts([name], { cacheDir, architecture });
    await expect(obtaining).rejects.toThrow(reason);
    await expect(obtaining).rejects.toThrow(
      new RegExp(`^Cannot obtain artefact "${name}" v?[\\d.]+ for ${architecture}: `),
    );
  });

  it("refuses an unknown name before it makes any", async () => {
    const lines: string[] = [];
    const onProgress = (line: string) => lines.push(line);
    const obtaining = obtainArtifacts(["node", "nodejs"], { cacheDir, onProgress });
    await expect(obtaining).rejects.toThrow('Cannot obtain artefact "nodejs": there is none');
    expect(lines).toEqual([]);
  });

  it("makes a small closure once, by whichever of two at a time, and remembers its packages", async () => {
    const lines: string[] = [];
    const onProgress = (line: string) => lines.push(line);
    const options = { cacheDir, onProgress };
    const [one, two] = await Promise.all([
      obtainArtifacts(["busybox"], options),
      obtainArtifacts(["busybox"], options),
    ]);
    expect(lines.filter((line) => line.includes("Built in"))).toHaveLength(1);
    expect(two).toEqual(one);
    expect(Object.keys(one["busybox"]?.debian ?? {})).toEqual(["busybox", "libc6"]);
    expect(await obtainArtifacts(["busybox"], options)).toEqual(one);
    const { sha512, sizeBytes } = await digestFile(one["busybox"]?.path ?? "");
    expect(one["busybox"]).toMatchObject({ sha512, sizeBytes });
  }, 60_000);

  it("makes again what was cut short in the cache", async () => {
    const options = { cacheDir };
    const first = await obtainArtifacts(["busybox"], options);
    const path = first["busybox"]?.path ?? "";
    rmSync(path);
    writeFileSync(path, "cut");
    expect(await obtainArtifacts(["busybox"], options)).toEqual(first);
    expect((await digestFile(path)).sha512).toBe(first["busybox"]?.sha512);
  }, 60_000);
});

describe("knownArtifacts()", () => {
  it("tells what is locked, and builds nothing", async () => {
    const known = await knownArtifacts(["etcd", "ignition"], { cacheDir, architecture: "amd64" });
    const entry = lockOf("amd64")["etcd"];
    expect(known).toEqual({
      etcd: { sha512: entry?.sha512, sizeBytes: entry?.sizeBytes },
      ignition: undefined,
    });
  });

  it("foresees what has Debian packages in it while Debian serves the same", async () => {
    const known = await knownArtifacts(["kubernetes-aci"], { cacheDir });
    const entry = lockOf(hostArchitecture())["kubernetes-aci"];
    const isSame = await servesVersions(entry?.debian ?? {}, undefined);
    expect(known["kubernetes-aci"]?.sha512).toBe(isSame ? entry?.sha512 : undefined);
  });

  it("tells the runtime's digest, which is that of its sources now", async () => {
    const known = await knownArtifacts(["runtime"], { cacheDir });
    const made = await obtainArtifacts(["runtime"], { cacheDir });
    expect(made["runtime"]).toMatchObject({ ...known["runtime"] });
  });
});

describe("servesVersions()", () => {
  it("is false for a version that nobody serves, and for an unknown package", async () => {
    expect(await servesVersions({ libc6: "0.1" }, undefined)).toBe(false);
    expect(await servesVersions({ "no-such-package": "1" }, undefined)).toBe(false);
  });
});

describe("keepBlob()", () => {
  it("makes a file executable, unwritable, and named by its digest", async () => {
    const file = join(cacheDir, "file");
    writeFileSync(file, "#!/bin/sh\necho kept\n");
    const { path, sha512 } = await keepBlob(cacheDir, file);
    expect(path).toBe(join(cacheDir, "blobs/sha512", sha512));
    expect(await readOutput({ file: path, args: [] })).toBe("kept\n");
  });
});

describe("main.ts", () => {
  const main = (...args: readonly string[]) =>
    readOutput({
      file: process.execPath,
      args: [join(REPOSITORY, "modules/provider/build/main.ts"), `--cache=${cacheDir}`, ...args],
    });

  it("prints what it obtained as JSON", async () => {
    const printed: unknown = JSON.parse(await main("obtain", "runtime"));
    expect(printed).toMatchObject({ runtime: { path: expect.stringContaining(cacheDir) } });
  });

  it("lists the table", async () => {
    const printed: unknown = JSON.parse(await main("list", "--architecture=amd64"));
    expect(printed).toMatchObject({ etcd: { kind: "go", reproducible: "exact" } });
  });

  it.each([
    [["obtain", "nodejs"], 'Cannot obtain artefact "nodejs": there is none of that name'],
    [
      ["obtain", "etcd", "--architecture=mips"],
      'Unknown architecture "mips", wanted amd64 or arm64',
    ],
    [["fetch"], 'Unknown command "fetch"'],
  ])("refuses %j in one line", async (args, message) => {
    await expect(main(...args)).rejects.toThrow(message);
  });
});
