// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { diffBySchema, withChanges } from "../../../../modules/provider/diff.ts";
import { UNKNOWN } from "../../../../modules/provider/property-value.ts";
import type { ResourceSchema } from "../../../../modules/provider/resource-schema.ts";

const schema: ResourceSchema = {
  description: "",
  inputs: {
    size: { type: "integer", description: "", replaces: true },
    files: { type: "map", description: "" },
    names: { type: "array", description: "" },
  },
  outputs: { path: { type: "string", description: "" } },
};

describe("diffBySchema()", () => {
  it("sees nothing where nothing changed, outputs and nulls apart", () => {
    const olds = { size: 1, files: { a: "x" }, path: "/p" };
    const news = { size: 1, files: { a: "x" }, names: null };
    expect(diffBySchema(olds, news, schema)).toEqual({
      changes: false,
      replaces: [],
      detailed: {},
    });
  });

  it("names what was added, removed and changed, down to the item", () => {
    const olds = { size: 1, files: { "a/b": { text: "x" }, gone: {} }, names: ["a", "b"] };
    const news = { size: 1, files: { "a/b": { text: "y" }, came: {} }, names: ["a"] };
    expect(diffBySchema(olds, news, schema)).toEqual({
      changes: true,
      replaces: [],
      detailed: {
        'files["a/b"].text': "update",
        "files.gone": "delete",
        "files.came": "add",
        "names[1]": "delete",
      },
    });
  });

  it("replaces where the schema says so", () => {
    expect(diffBySchema({ size: 1 }, { size: 2 }, schema).replaces).toEqual(["size"]);
    expect(diffBySchema({ size: 1 }, { size: UNKNOWN }, schema).replaces).toEqual(["size"]);
  });
});

describe("withChanges()", () => {
  it("adds changes that no argument made", () => {
    const same = diffBySchema({}, {}, schema);
    expect(withChanges(same, { path: "update" })).toEqual({
      changes: true,
      replaces: [],
      detailed: { path: "update" },
    });
    expect(withChanges(same, {}).changes).toBe(false);
  });
});
