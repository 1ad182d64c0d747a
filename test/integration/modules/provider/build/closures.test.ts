// SPDX-License-Identifier: Apache-2.0
// What goes to nodes out of Debian and npm packages, unpacked at a place of its own and run.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { artifacts } from "../../../../../modules/artifacts/table.ts";
import { COREFLY_VERSION } from "../../../../../modules/artifacts/version.ts";
import {
  type ObtainedArtifact,
  obtainArtifacts,
} from "../../../../../modules/provider/build/obtain.ts";

let folder: string;
let runtimeFolder: string;
let files: Readonly<Record<string, ObtainedArtifact>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "closures-"));
  runtimeFolder = join(folder, "opt");
  mkdirSync(runtimeFolder);
  // Fetched packages and the finished archives of another folder are nobody else's: a cache of its own but for tools.
  files = await obtainArtifacts(["node", "node-tools", "runtime", "runtime-notices"], {
    cacheDir: join(folder, "cache"),
    runtimeFolder,
  });
  for (const name of ["node", "node-tools"]) {
    unpack(name, runtimeFolder);
  }
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function unpack(name: string, target: string): void {
  execFileSync("tar", ["--extract", `--file=${files[name]?.path}`, `--directory=${target}`]);
}

const run = (file: string, ...args: readonly string[]) =>
  execFileSync(file, args, { encoding: "utf8", env: {}, cwd: "/" });

describe("node-tools", () => {
  it.each([
    ["crun", "--version", "crun version "],
    ["conmon", "--version", "conmon version "],
    ["nft", "--version", "nftables v"],
    ["catatonit", "--version", "tini version "],
  ])("has a %s that runs", (program, flag, text) => {
    expect(run(join(runtimeFolder, "bin", program), flag)).toContain(text);
  });

  it.each(["bin/crun", "bin/conmon", "bin/nft", "node"])(
    "%s uses nothing of this machine's libraries",
    (program) => {
      const loader = readdirSync(join(runtimeFolder, "lib")).find((name) => name.startsWith("ld-"));
      const listed = run(
        join(runtimeFolder, "lib", loader ?? ""),
        "--list",
        join(runtimeFolder, program),
      );
      const foreign = listed
        .split("\n")
        .filter((line) => line.includes("/") && !line.includes(`${runtimeFolder}/lib/`));
      expect(foreign).toEqual([]);
    },
  );

  it("comes with the licence of every package in it, and records their versions", () => {
    const { debian } = files["node-tools"] ?? {};
    const licences = readdirSync(join(runtimeFolder, "share/doc"));
    expect(licences.sort()).toEqual(Object.keys(debian ?? {}).sort());
    expect(Object.keys(debian ?? {})).toEqual(expect.arrayContaining(["crun", "libc6"]));
  });
});

describe("node", () => {
  it("is the pinned one and calls the kernel", () => {
    const node = join(runtimeFolder, "node");
    expect(run(node, "--print", "process.version")).toBe(`${artifacts.node.version}\n`);
    expect(
      run(node, "--no-warnings", "--print", 'Object.keys(require("node:ffi")).includes("dlopen")'),
    ).toBe("true\n");
  });

  it("is smaller than the package's", () => {
    expect(files["node"]?.sizeBytes).toBeLessThan(125_000_000);
  });
});

describe("runtime", () => {
  it("runs as one file, far from any package", () => {
    const bundle = join(folder, "corefly.mjs");
    copyFileSync(files["runtime"]?.path ?? "", bundle);
    const printed = run(
      join(runtimeFolder, "node"),
      "--disable-warning=ExperimentalWarning",
      bundle,
      "version",
    );
    expect(printed).toContain(`corefly Version: ${COREFLY_VERSION}\n`);
  });

  it("contains nothing of Pulumi's", () => {
    const text = readFileSync(files["runtime"]?.path ?? "");
    expect(text.includes("@pulumi/")).toBe(false);
  });

  it("contains only what may be delivered under these licences", () => {
    const notices = readFileSync(files["runtime-notices"]?.path ?? "", "utf8");
    const licences = [...notices.matchAll(/^-{80}\n\S+ .*\nLicence: (.*)$/gm)].map(
      (match) => match[1],
    );
    const known =
      /^(MIT|ISC|0BSD|Apache-2\.0|BSD-[23]-Clause|LGPL-3\.0\+|\(Apache-2\.0 AND BSD-3-Clause\))$/;
    expect(licences.length).toBeGreaterThan(0);
    expect(licences.filter((licence) => !known.test(licence ?? ""))).toEqual([]);
  });

  it("has notices that name each package with its licence", () => {
    const notices = readFileSync(files["runtime-notices"]?.path ?? "", "utf8");
    expect(notices).toContain("Apache License");
    const titles = notices.split(`${"-".repeat(80)}\n`).slice(1);
    for (const title of titles) {
      expect(title).toMatch(/^[@\w./-]+ \d+\.\d+\.\d+.*\nLicence: \S.*\n\s+\S/);
    }
  });
});
