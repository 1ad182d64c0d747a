// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { VERSION } from "../../../../modules/provider/version.ts";

describe("VERSION", () => {
  it("is the project's", () => {
    const url = new URL("../../../../package.json", import.meta.url);
    expect(JSON.parse(readFileSync(url, "utf8"))).toMatchObject({ version: VERSION });
  });
});
