// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { errorsPage } from "../../helpers/errors-page.ts";

describe("docs/errors.md", () => {
  it("is what the table of codes gives", () => {
    const page = readFileSync(resolve(import.meta.dirname, "../../../docs/errors.md"), "utf8");
    expect(page).toBe(errorsPage());
  });
});
