// SPDX-License-Identifier: Apache-2.0
// Merges Ignition configs as Ignition does on the machine, so that previews show and check what a machine will get.
import type { IgnitionConfig } from "ignition-config-types";
import { describeProblems, type Owners } from "./entries.ts";
import { type ConfigPath, errorsOf, type Finding, type Problem } from "./finding.ts";
import { configShape, type Fields, isFields, type ListShape, type StructShape } from "./shape.ts";
import { asConfig, normalise } from "./structure.ts";
import { check } from "./validate/validate.ts";
import { minimumVersion } from "./version.ts";

/** A config and whose it is; the name appears in messages: `snippets/motd.ign`, `corefly`. */
export interface NamedConfig {
  readonly name: string;
  readonly config: IgnitionConfig;
}

/** A merged config and what is wrong with it; usable if `errorsOf(findings)` is empty. */
export interface Merged {
  readonly config: IgnitionConfig;
  readonly findings: readonly Finding[];
}

interface Merging {
  readonly owners: Map<object, readonly string[]>;
  readonly problems: Problem[];
}

/**
 * Merges `snippets` over `base`, in order, by Ignition's rules: a later config wins, entries with the same key are merged
 * field by field, a path is one file, directory or link. Each config is checked alone (only valid configs can be merged),
 * then the result: two valid configs may merge into an invalid one. Never throws.
 */
export function merge(base: NamedConfig, snippets: readonly NamedConfig[]): Merged {
  const merging: Merging = { owners: new Map(), problems: [] };
  const alone: Finding[] = [];
  let merged: Fields | undefined;
  for (const { name, config } of [base, ...snippets]) {
    const normalised = normalise(config);
    merging.owners.set(normalised.fields, [name]);
    own(configShape, normalised.fields, [name], merging.owners);
    alone.push(...check(normalised, merging.owners, "fragment"));
    if (merged === undefined) merged = normalised.fields;
    else merged = mergeStruct(configShape, merged, normalised.fields, [], merging);
  }
  const result = withLowestVersion(asConfig(merged ?? {}));
  if (errorsOf(alone).length > 0) return { config: result, findings: errorsOf(alone) };
  const conflicts = describeProblems(result, merging.problems, merging.owners);
  const whole = check({ config: result, problems: [] }, merging.owners, "whole");
  return { config: result, findings: [...conflicts, ...whole] };
}

/** A merged config has no declared version: it gets the one that carries what it uses. */
function withLowestVersion(config: IgnitionConfig): IgnitionConfig {
  return { ...config, ignition: { ...config.ignition, version: minimumVersion(config) } };
}

/** Marks every entry of every list below `fields` as coming from `names`. */
function own(
  shape: StructShape,
  fields: Fields,
  names: readonly string[],
  owners: Owners & Map<object, readonly string[]>,
): void {
  for (const [name, field] of Object.entries(shape.fields)) {
    const value = fields[name];
    if (field.shape.kind === "struct" && isFields(value)) own(field.shape, value, names, owners);
    if (field.shape.kind !== "list" || field.shape.item.kind !== "struct") continue;
    for (const item of itemsOf(value)) {
      if (!isFields(item)) continue;
      owners.set(item, names);
      own(field.shape.item, item, names, owners);
    }
  }
}

/** Absent stays the parent's; structs are merged field by field, lists by their keys, everything else is the child's. */
function mergeStruct(
  shape: StructShape,
  parent: Fields,
  child: Fields,
  path: ConfigPath,
  merging: Merging,
): Fields {
  const result: Record<string, unknown> = {};
  const childKeys = keysOfLists(shape, child);
  for (const [name, { shape: field }] of Object.entries(shape.fields)) {
    const [ours, theirs] = [parent[name], child[name]];
    const place = [...path, name];
    let value = theirs ?? ours;
    if (field.kind === "struct" && isFields(ours) && isFields(theirs)) {
      value = mergeStruct(field, ours, theirs, place, merging);
      if ("source" in field.fields) checkInherited(ours, theirs, place, merging);
    } else if (field.kind === "list" && (ours !== undefined || theirs !== undefined)) {
      value = mergeList(field, name, itemsOf(ours), itemsOf(theirs), childKeys, place, merging);
    }
    if (value !== undefined) result[name] = value;
  }
  return result;
}

interface ChildEntry {
  readonly list: string;
  readonly item: unknown;
}

/** The child's entries by key, across the lists of a struct that share keys. */
function keysOfLists(shape: StructShape, child: Fields): ReadonlyMap<string, ChildEntry> {
  const entries = new Map<string, ChildEntry>();
  for (const [list, field] of Object.entries(shape.fields)) {
    if (field.shape.kind !== "list" || field.shape.key === undefined) continue;
    for (const item of itemsOf(child[list])) {
      entries.set(entryKey(list, field.shape, item), { list, item });
    }
  }
  return entries;
}

function entryKey(list: string, shape: ListShape, item: unknown): string {
  return `${shape.shares ?? list} ${shape.key?.(item)}`;
}

function mergeList(
  shape: ListShape,
  list: string,
  parent: readonly unknown[],
  child: readonly unknown[],
  childKeys: ReadonlyMap<string, ChildEntry>,
  path: ConfigPath,
  merging: Merging,
): readonly unknown[] {
  if (shape.key === undefined) return [...parent, ...child];
  const result: unknown[] = [];
  for (const item of parent) {
    const match = childKeys.get(entryKey(list, shape, item));
    if (match === undefined) result.push(item);
    // In another list of the child: there it replaces this one
    else if (match.list !== list) continue;
    else if (!isFields(item) || !isFields(match.item) || shape.item.kind !== "struct") {
      result.push(match.item);
    }
    // A header without a value removes the parent's
    else if (list === "httpHeaders" && match.item["value"] === undefined) continue;
    else result.push(mergeEntry(shape.item, item, match.item, [...path, result.length], merging));
  }
  const parentKeys = new Set(parent.map((item) => shape.key?.(item)));
  result.push(...child.filter((item) => !parentKeys.has(shape.key?.(item))));
  return result;
}

function mergeEntry(
  shape: StructShape,
  parent: Fields,
  child: Fields,
  path: ConfigPath,
  merging: Merging,
): Fields {
  const entry = mergeStruct(shape, parent, child, path, merging);
  const names = [...(merging.owners.get(parent) ?? []), ...(merging.owners.get(child) ?? [])];
  merging.owners.set(entry, [...new Set(names)]);
  return entry;
}

/** Hash and compression belong to a source; merging keeps them when only the source is replaced. */
function checkInherited(parent: Fields, child: Fields, path: ConfigPath, merging: Merging): void {
  const { source } = child;
  if (source === undefined || source === parent["source"]) return;
  const [ours, theirs] = [parent["verification"], child["verification"]];
  const hash = isFields(ours) && ours["hash"] !== undefined;
  const ownHash = isFields(theirs) && theirs["hash"] !== undefined;
  const kept: string[] = [];
  if (hash && !ownHash) kept.push("verification.hash");
  if (parent["compression"] && child["compression"] === undefined) kept.push("compression");
  if (kept.length === 0) return;
  const text = `has a new source but the old ${kept.join(" and ")}, expected the new source's own`;
  merging.problems.push({ code: "InheritedVerification", path, text });
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
