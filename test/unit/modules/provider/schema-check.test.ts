// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import type { PropertyValue } from "../../../../modules/provider/property-value.ts";
import { UNKNOWN } from "../../../../modules/provider/property-value.ts";
import type { PropertySchema } from "../../../../modules/provider/resource-schema.ts";
import { checkBySchema } from "../../../../modules/provider/schema-check.ts";

const text: PropertySchema = { type: "string", description: "" };
const schemas: Readonly<Record<string, PropertySchema>> = {
  name: { ...text, required: true, pattern: /[a-z]+/, patternHint: "lower-case letters" },
  port: { type: "integer", description: "", minimum: 1, maximum: 65535, default: 5000 },
  key: { ...text, secret: true, values: ["a"] },
  images: {
    type: "map",
    description: "",
    items: {
      type: "object",
      description: "",
      properties: {
        sha512: { ...text, required: true },
        size: { type: "number", description: "" },
      },
    },
  },
  list: { type: "array", description: "", items: text },
  on: { type: "boolean", description: "" },
};

function failures(values: Readonly<Record<string, PropertyValue>>): readonly string[] {
  return checkBySchema(values, schemas).failures.map(
    ({ property, reason }) => `${property}: ${reason}`,
  );
}

describe("checkBySchema()", () => {
  it("sets defaults", () => {
    expect(checkBySchema({ name: "a" }, schemas)).toEqual({
      inputs: { name: "a", port: 5000 },
      failures: [],
    });
  });

  it.each<[string, Readonly<Record<string, PropertyValue>>, string]>([
    ["a missing argument", {}, "name: Missing, expected a value"],
    [
      "an unknown argument",
      { name: "a", ports: 1 },
      "ports: Unknown argument, expected one of name, port, key, images, list, on",
    ],
    ["another type", { name: 5 }, "name: Found 5, expected a text"],
    [
      "a text that does not match as a whole",
      { name: "ab1" },
      'name: Found "ab1", expected lower-case letters',
    ],
    ["a number out of range", { name: "a", port: 0 }, "port: Found 0, expected 1 to 65535"],
    ["a fraction", { name: "a", port: 1.5 }, "port: Found 1.5, expected a whole number"],
    [
      "a secret, without showing it",
      { name: "a", key: "hunter2" },
      "key: Found a secret value, expected one of a",
    ],
    [
      "something deep inside",
      { name: "a", images: { "x:1": { size: 1 } } },
      'images["x:1"].sha512: Missing, expected a value',
    ],
    ["an item", { name: "a", list: ["x", 7] }, "list[1]: Found 7, expected a text"],
    ["an item that is null", { name: "a", list: [null] }, "list[0]: Found null, expected a value"],
    ["no list", { name: "a", list: "x" }, 'list: Found "x", expected a list'],
    ["no map", { name: "a", images: [] }, "images: Found a list, expected a map"],
    ["no boolean", { name: "a", on: "true" }, 'on: Found "true", expected true or false'],
    [
      "__proto__ as an argument",
      { name: "a", ...JSON.parse('{"__proto__": 1}') },
      "__proto__: Unknown argument, expected one of name, port, key, images, list, on",
    ],
  ])("refuses %s", (_, values, wanted) => {
    expect(failures(values)).toEqual([wanted]);
  });

  it("lets unknowns pass", () => {
    expect(
      failures({ name: UNKNOWN, port: UNKNOWN, images: { a: UNKNOWN }, list: [UNKNOWN] }),
    ).toEqual([]);
  });
});
