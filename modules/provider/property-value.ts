// SPDX-License-Identifier: Apache-2.0
// The values that resource handlers work with: plain data, with one marker for what a preview does not know yet.

/** Stands where a preview does not know the value yet. A symbol: it cannot end up in a text by accident. */
export const UNKNOWN: unique symbol = Symbol("unknown");
export type Unknown = typeof UNKNOWN;

/** One property of a resource. Secrets arrive unwrapped; the framework marks them again on the way out. */
export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | Unknown
  | Secret
  | readonly PropertyValue[]
  | PropertyValues;

export interface PropertyValues {
  readonly [name: string]: PropertyValue;
}

/** Wraps an output that must be encrypted in the state although its schema does not say so. */
export class Secret {
  readonly value: PropertyValue;

  constructor(value: PropertyValue) {
    this.value = value;
  }
}

/** Whether the value is, or has inside, something that is not known yet. */
export function hasUnknown(value: PropertyValue): boolean {
  if (value === UNKNOWN) return true;
  if (value instanceof Secret) return hasUnknown(value.value);
  if (isList(value)) return value.some(hasUnknown);
  return isMap(value) && Object.values(value).some(hasUnknown);
}

/** Whether two values are the same; an unknown differs from everything, as it may become anything. */
export function sameValue(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  if (a === UNKNOWN || b === UNKNOWN) return false;
  if (a instanceof Secret) return sameValue(a.value, b);
  if (b instanceof Secret) return sameValue(a, b.value);
  if (isList(a) && isList(b)) {
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
  }
  if (isMap(a) && isMap(b)) {
    const names = Object.keys(a);
    return (
      names.length === Object.keys(b).length &&
      names.every((name) => Object.hasOwn(b, name) && sameValue(a[name], b[name]))
    );
  }
  return a === b;
}

export function isList(value: PropertyValue | undefined): value is readonly PropertyValue[] {
  return Array.isArray(value);
}

export function isMap(value: PropertyValue | undefined): value is PropertyValues {
  return (
    typeof value === "object" && value !== null && !isList(value) && !(value instanceof Secret)
  );
}
