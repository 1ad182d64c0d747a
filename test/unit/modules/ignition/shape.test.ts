// SPDX-License-Identifier: Apache-2.0
// The table of the config's structure against upstream's schema files.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { configShape, isFields, type Shape } from "../../../../modules/ignition/shape.ts";

const folder = join(import.meta.dirname, "../../../../modules/ignition-config-types/schema");

test.each(["3.3.0", "3.4.0", "3.5.0"])(
  "configShape has the fields of schema %s, no more",
  (version) => {
    const name = `v${version.split(".").slice(0, 2).join("_")}.json`;
    const schema: unknown = JSON.parse(readFileSync(join(folder, name), "utf8"));
    expect(fieldsOfShape(configShape, version)).toEqual(fieldsOfSchema(schema, schema));
  },
);

/** Path → kind of everything that `version` has. */
function fieldsOfShape(shape: Shape, version: string, path = "$"): Record<string, string> {
  if (shape.kind === "list") return fieldsOfShape(shape.item, version, `${path}[]`);
  if (shape.kind !== "struct") return { [path]: shape.kind };
  const fields = Object.entries(shape.fields).filter(([, field]) => field.since <= version);
  return Object.assign(
    {},
    ...fields.map(([name, field]) => fieldsOfShape(field.shape, version, `${path}.${name}`)),
  );
}

function fieldsOfSchema(root: unknown, node: unknown, path = "$"): Record<string, string> {
  const schema = resolve(root, node);
  const parts = Array.isArray(schema["allOf"]) ? schema["allOf"] : [];
  const merged = Object.assign({}, ...parts.map((part) => fieldsOfSchema(root, part, path)));
  if (isFields(schema["properties"])) {
    for (const [name, property] of Object.entries(schema["properties"])) {
      Object.assign(merged, fieldsOfSchema(root, property, `${path}.${name}`));
    }
    return merged;
  }
  if (parts.length > 0) return merged;
  if (schema["type"] === "array") return fieldsOfSchema(root, schema["items"], `${path}[]`);
  return { [path]: String([schema["type"]].flat()[0]) };
}

function resolve(root: unknown, node: unknown): Readonly<Record<string, unknown>> {
  if (!isFields(node)) throw new Error("Cannot read schema: a node is no object");
  const reference = node["$ref"];
  if (typeof reference !== "string") return node;
  let place = root;
  for (const segment of reference.split("/").slice(1))
    place = isFields(place) ? place[segment] : undefined;
  return resolve(root, place);
}
