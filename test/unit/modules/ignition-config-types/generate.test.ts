// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import {
  generateTypes,
  schemaName,
  specVersions,
} from "../../../../modules/ignition-config-types/generate.ts";

const folder = join(import.meta.dirname, "../../../../modules/ignition-config-types");
const read = (...path: string[]) => readFileSync(join(folder, ...path), "utf8");

describe("generateTypes()", () => {
  test.each(specVersions)("gives again what is committed for spec %s", async (version) => {
    const name = schemaName(version);
    const text = await generateTypes(read("schema", `${name}.json`), version);
    expect(text).toBe(read("gen", `${name}.ts`));
  });

  test("has an entry for every file in gen", () => {
    const files = specVersions.map((version) => `${schemaName(version)}.ts`);
    expect(readdirSync(join(folder, "gen")).sort()).toEqual(files);
    const { exports } = JSON.parse(read("package.json"));
    const paths = files.map((file) => [`./${file.replace(/\.ts$/, "")}`, `./gen/${file}`]);
    expect(exports).toEqual({ ".": "./index.ts", ...Object.fromEntries(paths) });
  });
});

test("schema files are those of upstream", () => {
  const lines = read("schema", "SOURCE").trim().split("\n").slice(1);
  const digests = lines
    .map((line) => line.split(" "))
    .map(([file = "", , digest]) => [file, digest]);
  expect(digests).toEqual(
    specVersions.map((version) => {
      const file = `${schemaName(version)}.json`;
      const digest = createHash("sha256")
        .update(readFileSync(join(folder, "schema", file)))
        .digest("hex");
      return [file, `sha256:${digest}`];
    }),
  );
});

test("index.ts names every type of the newest spec", () => {
  const types = Array.from(
    read("gen", "v3_5.ts").matchAll(/^export (?:type|interface) (\w+)/gm),
    ([, name]) => name,
  );
  const names = read("index.ts")
    .match(/^ {2}(\w+),$/gm)
    ?.map((line) => line.trim().slice(0, -1));
  expect(names).toEqual(types.sort());
});
