// SPDX-License-Identifier: Apache-2.0
// What can still be had from a record that is damaged, or that a later version wrote in a form of its own.

/** `fallback`, with every field that can be read from `text` in its place. `parse` is the record's own parser; never throws. */
export function salvageRecord<Value extends object>(
  text: string,
  fallback: Value,
  parse: (text: string, origin: string) => Value,
): Value {
  const fields = fieldsOf(text);
  let salvaged = fallback;
  for (const key of Object.keys(fallback).filter((each) => Object.hasOwn(fields, each))) {
    try {
      salvaged = parse(JSON.stringify({ ...salvaged, [key]: fields[key] }), "");
    } catch {
      // This field is what cannot be read.
    }
  }
  return salvaged;
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
