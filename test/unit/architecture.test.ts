// SPDX-License-Identifier: Apache-2.0
// The tree is the architecture: which folder may import which, and where each outside package may appear.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";

const root = resolve(import.meta.dirname, "../..");

/** Folder → folders it may import from besides itself. The longest matching folder counts. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  "runtime/errors.ts": [],
  "runtime/system": ["runtime/errors.ts"],
  "runtime/trust": ["runtime/errors.ts", "runtime/system"],
  "runtime/store": ["runtime/errors.ts", "runtime/system", "runtime/image"],
  "runtime/image": ["runtime/errors.ts", "runtime/system", "runtime/store", "runtime/trust"],
  "runtime/net": ["runtime/errors.ts", "runtime/system"],
  "runtime/pod": ["runtime/errors.ts", "runtime/system"],
  "runtime/stage1": ["runtime/errors.ts", "runtime/system", "runtime/pod", "runtime/net"],
  "runtime/stage0": [
    "runtime/errors.ts",
    "runtime/system",
    "runtime/pod",
    "runtime/image",
    "runtime/store",
    "runtime/trust",
    "runtime/net",
    "runtime/stage1",
  ],
  "runtime/cli": [
    "runtime/errors.ts",
    "runtime/system",
    "runtime/pod",
    "runtime/image",
    "runtime/store",
    "runtime/trust",
    "runtime/net",
    "runtime/stage0",
    "runtime/stage1",
  ],
  // The verb `corefly cri` is the one place where the command line starts the server.
  "runtime/cli/cri.ts": ["runtime/cri", "runtime/cli", "runtime/errors.ts", "runtime/system"],
  "runtime/cri": [
    "runtime/errors.ts",
    "runtime/system",
    "runtime/pod",
    "runtime/image",
    "runtime/store",
    "runtime/trust",
    "runtime/net",
    "runtime/stage0",
    "runtime/stage1",
  ],
  "modules/ignition-config-types": [],
  "modules/ignition": ["modules/ignition-config-types"],
  "modules/artifacts": [],
  "modules/cluster/plan": ["modules/ignition", "modules/artifacts", "modules/platforms/qemu/plan"],
  "modules/platforms/qemu/plan": ["modules/ignition"],
  "modules/platforms": ["modules/ignition", "modules/provider/resources"],
  "modules/cluster": [
    "modules/ignition",
    "modules/artifacts",
    "modules/platforms",
    "modules/provider/resources",
  ],
  "modules/provider/resources": [],
  "modules/provider/build": ["modules/artifacts"],
  "modules/provider": [
    "modules/artifacts",
    "modules/ignition",
    "modules/cluster/plan",
    "modules/platforms/qemu/plan",
  ],
  "infra/engine": ["modules/provider/build", "modules/provider/processes", "modules/artifacts"],
  infra: [
    "infra/engine",
    "modules/cluster",
    "modules/ignition",
    "modules/provider/machine",
    "modules/provider/processes",
    "modules/provider/ready",
    "modules/provider/version.ts",
    "modules/artifacts",
    "modules/platforms",
    "modules/provider/resources",
    "modules/provider/build",
  ],
  examples: ["modules"],
};

/** Outside package → folders where it may be imported. Packages not listed are free. */
const PACKAGES: ReadonlyArray<readonly [RegExp, readonly string[]]> = [
  [/^node:ffi$/, ["runtime/system/kernel.ts"]],
  [
    /^node:(child_process|fs|fs\/promises)$/,
    [
      "runtime/system",
      "modules/provider",
      "infra",
      "examples",
      "modules/ignition-config-types/generate.ts",
    ],
  ],
  [/^@pulumi\//, ["modules/provider", "modules/cluster", "modules/platforms", "infra", "examples"]],
  [/^@grpc\/grpc-js$/, ["runtime/cri", "modules/provider", "infra/engine"]],
  [/^@bufbuild\//, ["runtime/cri"]],
  [/^openpgp$/, ["runtime/trust", "runtime/image", "modules/provider"]],
];

/** Pure folders: planners know neither Pulumi nor the machine. */
const PURE = [
  "modules/cluster/plan",
  "modules/platforms/qemu/plan",
  "modules/ignition",
  "modules/artifacts",
  "infra/report/plan",
  "infra/node/plan",
];

const imports = sourceFiles().flatMap((file) =>
  importsOf(file).map((specifier) => ({ file, specifier })),
);

describe("architecture", () => {
  it("imports go only in the directions of the table", () => {
    const offences = imports
      .filter(({ specifier }) => specifier.startsWith("."))
      .map(({ file, specifier }) => ({
        file,
        target: relative(root, resolve(root, dirname(file), specifier)),
      }))
      .filter(({ file, target }) => !mayImport(file, target))
      .map(({ file, target }) => `${file} -> ${target}`);
    expect(offences).toEqual([]);
  });

  it("outside packages appear only where the table allows them", () => {
    const offences = imports
      .filter(({ file, specifier }) =>
        PACKAGES.some(
          ([pattern, folders]) =>
            pattern.test(specifier) && !folders.some((folder) => within(file, folder)),
        ),
      )
      .map(({ file, specifier }) => `${file} -> ${specifier}`);
    expect(offences).toEqual([]);
  });

  it("planners import neither Pulumi nor the file system", () => {
    const offences = imports
      .filter(({ file }) => PURE.some((folder) => within(file, folder)))
      .filter(({ file }) => !file.startsWith("modules/artifacts/go/"))
      .filter(({ specifier }) => /^(@pulumi\/|node:(fs|child_process|net|http))/.test(specifier))
      .map(({ file, specifier }) => `${file} -> ${specifier}`);
    expect(offences).toEqual([]);
  });

  it("runtime and modules never import each other", () => {
    const offences = imports
      .filter(({ specifier }) => specifier.startsWith("."))
      .map(({ file, specifier }) => [file, relative(root, resolve(root, dirname(file), specifier))])
      .filter(
        ([file = "", target = ""]) =>
          (within(file, "runtime") && within(target, "modules")) ||
          (within(file, "modules") && within(target, "runtime")),
      );
    expect(offences).toEqual([]);
  });

  it("every source file names its licence in the first line", () => {
    const offences = sourceFiles().filter((file) => {
      const [first = "", second = ""] = readFileSync(join(root, file), "utf8").split("\n");
      return ![first, second].some((line) => line.includes("SPDX-License-Identifier: Apache-2.0"));
    });
    expect(offences).toEqual([]);
  });
});

function sourceFiles(): string[] {
  return ["runtime", "modules", "infra", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((name) => name.endsWith(".ts") && !/(^|\/)(node_modules|gen)\//.test(name)),
  );
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const pattern =
    /^\s*(?:import|export)\s[^;]*?from\s+["']([^"']+)["']|^\s*import\s+["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/gm;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function owner(file: string): string {
  const folders = Object.keys(ALLOWED).filter((folder) => within(file, folder));
  return folders.sort((a, b) => b.length - a.length)[0] ?? "";
}

function mayImport(file: string, target: string): boolean {
  const home = owner(file);
  const allowed = ALLOWED[home];
  if (allowed === undefined) {
    return false;
  }
  if (target === "package.json") {
    return true;
  }
  return (
    owner(target) === home ||
    within(target, home) ||
    allowed.some((folder) => within(target, folder))
  );
}
