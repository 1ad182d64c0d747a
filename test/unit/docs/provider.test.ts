// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { page, updated } from "../../helpers/provider-page.ts";

describe("docs/provider.md", () => {
  it("has every resource as its schema says (node test/helpers/provider-page.ts)", () => {
    expect(page()).toBe(updated(page()));
  });
});
