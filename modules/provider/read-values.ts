// SPDX-License-Identifier: Apache-2.0
// Typed access to a resource's values for handlers. The schema was checked before, so a throw here is our own mistake
// or a state file that somebody edited.

import {
  isList,
  isMap,
  type PropertyValue,
  type PropertyValues,
  UNKNOWN,
} from "./property-value.ts";

/** The text of a property that must be there. */
export function textOf(values: PropertyValues, name: string): string {
  return expect(values, name, "a text", optionalText(values, name));
}

export function optionalText(values: PropertyValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

export function numberOf(values: PropertyValues, name: string): number {
  return expect(values, name, "a number", optionalNumber(values, name));
}

export function optionalNumber(values: PropertyValues, name: string): number | undefined {
  const value = values[name];
  return typeof value === "number" ? value : undefined;
}

/** The texts of a list; a list that is not there is empty. */
export function textsOf(values: PropertyValues, name: string): readonly string[] {
  return listOf(values, name).map((item, index) =>
    expect(values, `${name}[${index}]`, "a text", typeof item === "string" ? item : undefined),
  );
}

/** The items of a list; one that is not there, or not known yet, is empty. */
export function listOf(values: PropertyValues, name: string): readonly PropertyValue[] {
  const value = values[name];
  return value === undefined || value === null || value === UNKNOWN
    ? []
    : expect(values, name, "a list", isList(value) ? value : undefined);
}

/** The entries of a map or object; one that is not there, or not known yet, is empty. */
export function mapOf(values: PropertyValues, name: string): PropertyValues {
  const value = values[name];
  return value === undefined || value === null || value === UNKNOWN
    ? {}
    : expect(values, name, "a map", isMap(value) ? value : undefined);
}

function expect<T>(values: PropertyValues, name: string, wanted: string, found: T | undefined): T {
  if (found !== undefined) return found;
  const type = name in values ? typeof values[name] : "nothing";
  throw new TypeError(`Cannot read property "${name}": found ${type}, expected ${wanted}`);
}
