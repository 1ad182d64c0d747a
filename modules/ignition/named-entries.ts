// SPDX-License-Identifier: Apache-2.0
// A config as a list of named parts, so that two of them can be compared in words: which file, which unit.
import { configShape, isFields, type ListShape, type StructShape } from "./shape.ts";

/** What each part of a config is, as text, by a name for people: `file /etc/motd`, `unit kubelet.service`. */
export type NamedEntries = Readonly<Record<string, string>>;

/** The parts of a config that was parsed from JSON; unknown fields are left out. */
export function namedEntries(config: unknown): NamedEntries {
  return Object.fromEntries(isFields(config) ? structEntries(configShape, config, "") : []);
}

/** Names of the parts that two configs do not have in common. */
export function changedEntries(old: NamedEntries, next: NamedEntries): readonly string[] {
  const names = new Set([...Object.keys(old), ...Object.keys(next)]);
  return [...names].filter((name) => old[name] !== next[name]);
}

type Named = readonly [name: string, text: string];

function structEntries(
  shape: StructShape,
  fields: Readonly<Record<string, unknown>>,
  prefix: string,
): readonly Named[] {
  return Object.entries(shape.fields).flatMap(([field, { shape: inner }]): readonly Named[] => {
    const value = fields[field];
    if (value === undefined || value === null) return [];
    const name = prefix === "" ? field : `${prefix}.${field}`;
    if (inner.kind === "struct" && isFields(value)) return structEntries(inner, value, name);
    if (inner.kind === "list" && Array.isArray(value)) return listEntries(inner, value);
    return [[name, JSON.stringify(value)]];
  });
}

/** Entries without a key have their place as a name; of two with one key, which no valid config has, the last counts. */
function listEntries({ entry, key }: ListShape, items: readonly unknown[]): readonly Named[] {
  return items.map((item, index) => [
    `${entry} ${key?.(item) ?? `#${index + 1}`}`,
    JSON.stringify(item),
  ]);
}
