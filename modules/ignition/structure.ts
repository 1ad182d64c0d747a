// SPDX-License-Identifier: Apache-2.0
// From any value to a typed config, or to the places where it is none. For everything that takes configs from outside.
import type { IgnitionConfig } from "ignition-config-types";
import type { ConfigPath, Problem } from "./finding.ts";
import {
  configShape,
  type Fields,
  isFields,
  type ListShape,
  type Shape,
  type StructShape,
} from "./shape.ts";

/** A config in one form: no nulls, no unknown fields, required texts present (as "" when they were missing). */
export interface Normalised {
  readonly config: IgnitionConfig;
  /** The same object as `config`, for code that walks the shape. */
  readonly fields: Fields;
  readonly problems: readonly Problem[];
}

/** Copies `value` into a typed config; what does not fit is left out of the copy and reported. */
export function normalise(value: unknown): Normalised {
  const problems: Problem[] = [];
  if (!isFields(value)) problems.push(mismatch([], "an object", value));
  const fields = copyStruct(configShape, isFields(value) ? value : {}, [], problems);
  return { config: asConfig(fields), fields, problems };
}

/** The type of fields that follow the shape throughout, as `normalise` and merging make them. */
export function asConfig(fields: Fields): IgnitionConfig {
  return fields as unknown as IgnitionConfig;
}

function copyValue(shape: Shape, value: unknown, path: ConfigPath, problems: Problem[]): unknown {
  switch (shape.kind) {
    case "struct":
      if (isFields(value)) return copyStruct(shape, value, path, problems);
      problems.push(mismatch(path, "an object", value));
      return undefined;
    case "list":
      if (Array.isArray(value)) return copyList(shape, value, path, problems);
      problems.push(mismatch(path, "a list", value));
      return undefined;
    case "integer":
      if (typeof value === "number" && Number.isSafeInteger(value)) return value;
      problems.push(mismatch(path, "a whole number", value));
      return undefined;
    default:
      if (typeof value === shape.kind) return value;
      problems.push(mismatch(path, shape.kind === "string" ? "text" : "true or false", value));
      return undefined;
  }
}

function copyStruct(
  shape: StructShape,
  value: Readonly<Record<string, unknown>>,
  path: ConfigPath,
  problems: Problem[],
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape.fields)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given !== undefined && given !== null) {
      const copied = copyValue(field.shape, given, [...path, name], problems);
      if (copied !== undefined) copy[name] = copied;
    }
    if (copy[name] === undefined && field.shape.kind === "string" && field.shape.required) {
      copy[name] = "";
    }
  }
  if (shape === configShape && copy["ignition"] === undefined) copy["ignition"] = { version: "" };
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(shape.fields, name)) continue;
    problems.push({ code: "UnusedKey", path: [...path, name], text: "is not a field of Ignition" });
  }
  return copy;
}

function copyList(
  shape: ListShape,
  value: readonly unknown[],
  path: ConfigPath,
  problems: Problem[],
): unknown[] {
  const copies: unknown[] = [];
  for (const [index, item] of value.entries()) {
    const copied = copyValue(shape.item, item, [...path, index], problems);
    if (copied !== undefined) copies.push(copied);
  }
  return copies;
}

function mismatch(path: ConfigPath, wanted: string, value: unknown): Problem {
  return { code: "ErrInvalid", path, text: `is ${kindOf(value)}, expected ${wanted}` };
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? "text" : `${value}`;
}
