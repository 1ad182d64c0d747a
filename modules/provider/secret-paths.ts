// SPDX-License-Identifier: Apache-2.0
// Which parts of a resource's properties are secret: a tree of the names on the way to them.

import {
  isList,
  isMap,
  type PropertyValue,
  type PropertyValues,
  Secret,
} from "./property-value.ts";

/** Name or list index → secret as a whole (true), or what is secret inside. */
export interface SecretPaths extends ReadonlyMap<string, SecretPaths | true> {}

/** The places of all `Secret`s in the values. */
export function secretPaths(values: PropertyValues): SecretPaths {
  return pathsOf(Object.entries(values));
}

/** Whether this whole value is secret. */
export function isSecretAt(paths: SecretPaths | true): paths is true {
  return paths === true;
}

function pathsOf(entries: readonly (readonly [string, PropertyValue])[]): SecretPaths {
  const paths = new Map<string, SecretPaths | true>();
  for (const [name, value] of entries) {
    if (value instanceof Secret) {
      paths.set(name, true);
      continue;
    }
    const inside = isList(value)
      ? pathsOf(value.map((item, index) => [`${index}`, item] as const))
      : isMap(value)
        ? pathsOf(Object.entries(value))
        : undefined;
    if (inside !== undefined && inside.size > 0) paths.set(name, inside);
  }
  return paths;
}
