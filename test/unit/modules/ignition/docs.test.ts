// SPDX-License-Identifier: Apache-2.0
// The examples of docs/ignition.md run and print what the page says; its table is that of the code.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { rules } from "../../../../modules/ignition/index.ts";

const docs = join(import.meta.dirname, "../../../../docs");
const page = readFileSync(join(docs, "ignition.md"), "utf8");

describe("docs/ignition.md", () => {
  const examples = Array.from(
    page.matchAll(/```ts\n([\s\S]*?)```\n```text\n([\s\S]*?)```/g),
    ([, code = "", output = ""]) => ({ code, output }),
  );

  test("has examples", () => {
    expect(examples).toHaveLength(4);
  });

  test.each(examples)("prints what it says: example %#", ({ code, output }) => {
    const args = ["--no-warnings", "--input-type=module-typescript", "-"];
    const run = spawnSync(process.execPath, args, {
      cwd: docs,
      encoding: "utf8",
      input: code,
      env: {},
    });
    expect({ stdout: run.stdout, stderr: run.stderr }).toEqual({ stdout: output, stderr: "" });
  });

  test("has every rule in its table", () => {
    const rows = Array.from(
      page.matchAll(/^\| (\w+) \| (error|warning) \| (.*) \|$/gm),
      ([, ...row]) => row,
    );
    expect(rows).toEqual(
      Object.entries(rules).map(([code, { severity, meaning }]) => [code, severity, meaning]),
    );
  });
});
