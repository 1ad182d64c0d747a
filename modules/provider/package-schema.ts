// SPDX-License-Identifier: Apache-2.0
// The provider's Pulumi package schema, made from the handlers' schemas: `pulumi package get-schema` and docs read it.

import type { ResourceHandler } from "./handler.ts";
import type { PropertySchema } from "./resource-schema.ts";

type Json = string | number | boolean | Json[] | { [key: string]: Json };

/** The whole package as one JSON text. */
export function packageSchema(handlers: readonly ResourceHandler[], version: string): string {
  const types: Record<string, Json> = {};
  const resources = handlers.map(({ type, schema }): [string, Json] => {
    const all = { ...schema.inputs, ...schema.outputs };
    return [
      type,
      {
        description: schema.description,
        inputProperties: properties(schema.inputs, type, types),
        requiredInputs: required(schema.inputs),
        properties: properties(all, type, types),
        required: [...required(schema.inputs), ...Object.keys(schema.outputs)],
      },
    ];
  });
  return JSON.stringify({
    name: "corefly",
    version,
    description: "Kubernetes clusters on CoreOS machines",
    license: "Apache-2.0",
    resources: Object.fromEntries(resources),
    types,
  });
}

function properties(
  schemas: Readonly<Record<string, PropertySchema>>,
  owner: string,
  types: Record<string, Json>,
): { [key: string]: Json } {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]): [string, Json] => [
      name,
      {
        ...typeOf(schema, owner + capital(name), types),
        description: schema.description,
        ...(schema.secret === true ? { secret: true } : {}),
        ...(schema.replaces === true ? { willReplaceOnChanges: true } : {}),
        ...(schema.default === undefined ? {} : { default: schema.default }),
      },
    ]),
  );
}

function typeOf(
  schema: PropertySchema,
  name: string,
  types: Record<string, Json>,
): { [key: string]: Json } {
  const items = (): Json =>
    schema.items === undefined ? { $ref: "pulumi.json#/Any" } : typeOf(schema.items, name, types);
  switch (schema.type) {
    case "array":
      return { type: "array", items: items() };
    case "map":
      return { type: "object", additionalProperties: items() };
    case "object": {
      const inner = schema.properties ?? {};
      types[name] = {
        type: "object",
        description: schema.description,
        properties: properties(inner, name, types),
        required: required(inner),
      };
      return { $ref: `#/types/${name}` };
    }
    default:
      return { type: schema.type };
  }
}

function required(schemas: Readonly<Record<string, PropertySchema>>): string[] {
  return Object.entries(schemas).flatMap(([name, schema]) =>
    schema.required === true ? [name] : [],
  );
}

function capital(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
