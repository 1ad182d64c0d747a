// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { artifacts } from "../../../../modules/artifacts/table.ts";
import { COREFLY_VERSION, RUNTIME_FOLDER } from "../../../../modules/artifacts/version.ts";

const root = join(import.meta.dirname, "../../../..");
const rows = Object.entries(artifacts);

describe("artifacts", () => {
  it.each(rows)("%s has a version, a licence and architectures", (_name, row) => {
    expect(row.version).toMatch(/^v?\d+\.\d+\.\d+$/);
    expect(row.licence).toMatch(/^[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*$/);
    expect(row.architectures).toEqual(["amd64", "arm64"]);
  });

  it.each(rows)("%s is pinned: its origin has what proves it", (_name, row) => {
    switch (row.origin.kind) {
      case "go-module": {
        if (row.recipe.kind !== "go") {
          throw new Error("a Go module without a Go recipe");
        }
        const folder = join(root, "modules/artifacts/go", row.recipe.folder);
        const sums = readFileSync(join(folder, "go.sum"), "utf8").split("\n");
        const required = readFileSync(join(folder, "go.mod"), "utf8").split(/\s*(?:\/\/.*)?\n\s*/);
        const { module, sum } = row.origin;
        expect(sums).toContain(`${module} ${row.version} ${sum}`);
        expect(required.map((line) => line.replace(/^require /, ""))).toContain(
          `${module} ${row.version}`,
        );
        break;
      }
      case "npm": {
        const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
        for (const { name, version, integrity } of Object.values(row.origin.packages)) {
          expect(lock.packages[`node_modules/${name}`]).toMatchObject({ version, integrity });
          expect(row.version).toBe(`v${version}`);
        }
        break;
      }
      case "debian":
        expect(row.origin.packages.length).toBeGreaterThan(0);
        break;
      case "corefly":
        expect(["bundle", "notices", "image"]).toContain(row.recipe.kind);
        break;
    }
  });

  it("no two artefacts have the same recipe", () => {
    const recipes = rows.map(([, { recipe }]) => JSON.stringify(recipe));
    expect(new Set(recipes).size).toBe(recipes.length);
  });

  it.each(rows.filter(([, { recipe }]) => recipe.kind === "image"))(
    "%s has each path once, absolute, and the version of what is in it",
    (_name, row) => {
      const files = row.recipe.kind === "image" ? row.recipe.files : [];
      const paths = files.flatMap((file) => ("path" in file ? [file.path] : []));
      expect(new Set(paths).size).toBe(paths.length);
      expect(paths.filter((path) => !/^(\/[\w.-]+)+$/.test(path))).toEqual([]);
      for (const file of files) {
        if ("artifact" in file) {
          expect(artifacts[file.artifact].version).toBe(row.version);
        }
      }
    },
  );

  it("node asks for no library that node-tools does not name", () => {
    // The two archives are unpacked into one folder; node's own has no libraries.
    const { recipe } = artifacts["node-tools"];
    expect(recipe.kind === "debian-closure" ? recipe.libraries : []).toEqual([
      "libatomic.so.1",
      "libstdc++.so.6",
      "libgcc_s.so.1",
      "libm.so.6",
      "libdl.so.2",
      "libpthread.so.0",
      "libc.so.6",
    ]);
  });
});

describe("RUNTIME_FOLDER", () => {
  it("follows the version of the package", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(COREFLY_VERSION).toBe(manifest.version);
    expect(RUNTIME_FOLDER).toBe(`/opt/corefly/${manifest.version}`);
  });
});
