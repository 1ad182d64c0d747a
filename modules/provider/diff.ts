// SPDX-License-Identifier: Apache-2.0
// Compares a resource's old and new inputs: what changes, down to the list item, and whether that needs a new one.

import type { DiffKind, DiffResult } from "./handler.ts";
import {
  isList,
  isMap,
  type PropertyValue,
  type PropertyValues,
  sameValue,
} from "./property-value.ts";
import type { ResourceSchema } from "./resource-schema.ts";

/** The difference of all inputs in the schema; `replaces` are those whose schema says so. */
export function diffBySchema(
  olds: PropertyValues,
  news: PropertyValues,
  schema: ResourceSchema,
): DiffResult {
  const detailed: Record<string, DiffKind> = {};
  const replaces: string[] = [];
  for (const [name, property] of Object.entries(schema.inputs)) {
    const changed = compare(olds[name], news[name], name);
    Object.assign(detailed, Object.fromEntries(changed));
    if (changed.length > 0 && property.replaces === true) replaces.push(name);
  }
  return { changes: Object.keys(detailed).length > 0, replaces, detailed };
}

/** Adds changes that do not come from arguments: a missing file, a certificate near its end. */
export function withChanges(
  diff: DiffResult,
  more: Readonly<Record<string, DiffKind>>,
): DiffResult {
  const detailed = { ...diff.detailed, ...more };
  return { ...diff, changes: Object.keys(detailed).length > 0, detailed };
}

type Change = readonly [path: string, kind: DiffKind];

function compare(
  old: PropertyValue | undefined,
  next: PropertyValue | undefined,
  path: string,
): readonly Change[] {
  if (isAbsent(old) && isAbsent(next)) return [];
  if (isAbsent(old)) return [[path, "add"]];
  if (isAbsent(next)) return [[path, "delete"]];
  if (isMap(old) && isMap(next)) {
    const names = new Set([...Object.keys(old), ...Object.keys(next)]);
    return [...names].flatMap((name) =>
      compare(entry(old, name), entry(next, name), memberPath(path, name)),
    );
  }
  if (isList(old) && isList(next)) {
    const length = Math.max(old.length, next.length);
    return Array.from({ length }, (_, index) =>
      compare(old[index], next[index], `${path}[${index}]`),
    ).flat();
  }
  return sameValue(old, next) ? [] : [[path, "update"]];
}

function isAbsent(value: PropertyValue | undefined): value is undefined | null {
  return value === undefined || value === null;
}

function entry(values: PropertyValues, name: string): PropertyValue | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

// Pulumi's property paths: names with other characters are quoted in brackets.
function memberPath(path: string, name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}
