// SPDX-License-Identifier: Apache-2.0
// Checks a resource's arguments by its schema: unknown and missing ones, types, ranges; sets defaults.

import type { CheckFailure, CheckResult } from "./handler.ts";
import {
  isList,
  isMap,
  type PropertyValue,
  type PropertyValues,
  UNKNOWN,
} from "./property-value.ts";
import type { PropertySchema } from "./resource-schema.ts";

type Schemas = Readonly<Record<string, PropertySchema>>;

/** The inputs with defaults, and every argument that breaks the schema. Unknown values pass. */
export function checkBySchema(values: PropertyValues, schemas: Schemas): CheckResult {
  const inputs = withDefaults(values, schemas);
  return { inputs, failures: checkMap(inputs, schemas, "") };
}

function withDefaults(values: PropertyValues, schemas: Schemas): PropertyValues {
  const defaults = Object.entries(schemas).flatMap(([name, schema]) =>
    schema.default === undefined || Object.hasOwn(values, name) ? [] : [[name, schema.default]],
  );
  return { ...values, ...Object.fromEntries(defaults) };
}

function checkMap(values: PropertyValues, schemas: Schemas, prefix: string): CheckFailure[] {
  const missing = Object.entries(schemas)
    .filter(([name, schema]) => schema.required === true && isAbsent(values, name))
    .map(([name]) => ({ property: prefix + name, reason: "Missing, expected a value" }));
  const wrong = Object.entries(values).flatMap(([name, value]) => {
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
    return schema === undefined
      ? [{ property: prefix + name, reason: `Unknown argument, expected one of ${names(schemas)}` }]
      : checkValue(value, schema, prefix + name);
  });
  return [...missing, ...wrong];
}

function isAbsent(values: PropertyValues, name: string): boolean {
  return !Object.hasOwn(values, name) || values[name] === null;
}

function checkValue(
  value: PropertyValue,
  schema: PropertySchema,
  property: string,
): CheckFailure[] {
  if (value === UNKNOWN || value === null) return [];
  const fail = (wanted: string): CheckFailure[] => [
    { property, reason: `Found ${describe(value, schema)}, expected ${wanted}` },
  ];
  switch (schema.type) {
    case "string":
      return typeof value === "string" ? checkText(value, schema, fail) : fail("a text");
    case "boolean":
      return typeof value === "boolean" ? [] : fail("true or false");
    case "number":
      return typeof value === "number" ? checkRange(value, schema, fail) : fail("a number");
    case "integer":
      return Number.isSafeInteger(value)
        ? checkRange(Number(value), schema, fail)
        : fail("a whole number");
    case "array":
      return isList(value)
        ? value.flatMap((item, index) => checkItem(item, schema, `${property}[${index}]`))
        : fail("a list");
    case "map":
      return isMap(value)
        ? Object.entries(value).flatMap(([key, item]) =>
            checkItem(item, schema, `${property}["${key}"]`),
          )
        : fail("a map");
    case "object":
      return isMap(value)
        ? checkMap(value, schema.properties ?? {}, `${property}.`)
        : fail("an object");
  }
}

function checkItem(item: PropertyValue, schema: PropertySchema, property: string): CheckFailure[] {
  if (item === null) return [{ property, reason: "Found null, expected a value" }];
  return schema.items === undefined ? [] : checkValue(item, schema.items, property);
}

function checkText(
  value: string,
  schema: PropertySchema,
  fail: (wanted: string) => CheckFailure[],
): CheckFailure[] {
  if (schema.values !== undefined && !schema.values.includes(value)) {
    return fail(`one of ${schema.values.join(", ")}`);
  }
  if (schema.pattern !== undefined && !matchesWhole(schema.pattern, value)) {
    return fail(schema.patternHint ?? `a text like ${schema.pattern.source}`);
  }
  return [];
}

function matchesWhole(pattern: RegExp, value: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags).test(value);
}

function checkRange(
  value: number,
  schema: PropertySchema,
  fail: (wanted: string) => CheckFailure[],
): CheckFailure[] {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  if (value >= minimum && value <= maximum) return [];
  if (maximum === Infinity) return fail(`at least ${minimum}`);
  return fail(minimum === -Infinity ? `at most ${maximum}` : `${minimum} to ${maximum}`);
}

function describe(value: PropertyValue, schema: PropertySchema): string {
  if (schema.secret === true) return "a secret value";
  if (isList(value)) return "a list";
  if (isMap(value)) return "a map";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function names(schemas: Schemas): string {
  return Object.keys(schemas).join(", ") || "none";
}
