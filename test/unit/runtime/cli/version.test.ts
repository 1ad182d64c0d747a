// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "@jest/globals";
import { VERSION } from "../../../../runtime/system/version.ts";

it("VERSION is that of package.json", () => {
  const text = readFileSync(resolve(import.meta.dirname, "../../../../package.json"), "utf8");
  expect(JSON.parse(text)).toMatchObject({ version: VERSION });
});
