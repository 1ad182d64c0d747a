// SPDX-License-Identifier: Apache-2.0
// Checks that no list has an entry twice, and that no path is file, directory and link at once.
import type { IgnitionConfig } from "ignition-config-types";
import type { ConfigPath, Problem } from "../finding.ts";
import { configShape, isFields, type ListShape, type StructShape } from "../shape.ts";

export function checkDuplicates(config: IgnitionConfig): Generator<Problem> {
  return checkStruct(configShape, config, []);
}

function* checkStruct(shape: StructShape, value: unknown, path: ConfigPath): Generator<Problem> {
  if (!isFields(value)) return;
  const seen = new Map<string, ConfigPath>();
  for (const [name, { shape: field }] of Object.entries(shape.fields)) {
    const place = [...path, name];
    if (field.kind === "struct") yield* checkStruct(field, value[name], place);
    if (field.kind === "list") yield* checkList(field, value[name], place, seen);
  }
}

function* checkList(
  shape: ListShape,
  list: unknown,
  path: ConfigPath,
  seen: Map<string, ConfigPath>,
): Generator<Problem> {
  if (!Array.isArray(list)) return;
  for (const [index, item] of list.entries()) {
    const place = [...path, index];
    if (shape.key !== undefined) {
      const key = `${shape.shares ?? path.at(-1)} ${shape.key(item)}`;
      const first = seen.get(key);
      const text = "is defined twice, the first is %s";
      if (first !== undefined) yield { code: "ErrDuplicate", path: place, text, related: first };
      else seen.set(key, place);
    }
    if (shape.item.kind === "struct") yield* checkStruct(shape.item, item, place);
  }
}
