// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseUrn } from "../../../../modules/provider/urn.ts";

describe("parseUrn()", () => {
  it("reads the type of a child, and names with colons", () => {
    const urn = "urn:pulumi:dev::proj::corefly:index:Cluster$corefly:index:Disk::a::b";
    expect(parseUrn(urn)).toEqual({
      stack: "dev",
      project: "proj",
      type: "corefly:index:Disk",
      name: "a::b",
    });
  });

  it("refuses anything else", () => {
    expect(() => parseUrn("x")).toThrow('Cannot read URN "x"');
  });
});
