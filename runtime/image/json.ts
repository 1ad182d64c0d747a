// SPDX-License-Identifier: Apache-2.0
// Reads values of parsed JSON that came from outside, each with its place in the error: manifests, configs, registry answers.
import { InvalidManifestError } from "../errors.ts";

/** A value and where it stands, for example `image manifest of "x": app.exec[0]`. */
export interface Place {
  readonly value: unknown;
  readonly where: string;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Throws InvalidManifestError when the text is no JSON. */
export function parseJson(text: string, origin: string): Place {
  try {
    return { value: JSON.parse(text), where: origin };
  } catch (cause) {
    throw new InvalidManifestError(`Cannot read ${origin}: not valid JSON`, { cause });
  }
}

export function invalid(place: Place, wanted: string): InvalidManifestError {
  const found = place.value === undefined ? "nothing" : JSON.stringify(place.value);
  const shown = found.length > 80 ? `${found.slice(0, 80)}…` : found;
  return new InvalidManifestError(`Cannot read ${place.where}: found ${shown}, expected ${wanted}`);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function object(place: Place): JsonObject {
  if (!isObject(place.value)) {
    throw invalid(place, "an object");
  }
  return place.value;
}

export function field(place: Place, name: string): Place {
  return { value: object(place)[name], where: `${place.where}, ${name}` };
}

export function text(place: Place): string {
  if (typeof place.value !== "string") {
    throw invalid(place, "text");
  }
  return place.value;
}

export function textOr<T>(place: Place, otherwise: T): string | T {
  return isAbsent(place.value) ? otherwise : text(place);
}

export function integer(
  place: Place,
  range: { readonly min: number; readonly max: number },
): number {
  const { value } = place;
  if (
    typeof value !== "number" ||
    !Number.isInteger(value) ||
    value < range.min ||
    value > range.max
  ) {
    throw invalid(place, `a whole number from ${range.min} to ${range.max}`);
  }
  return value;
}

export function integerOr<T>(
  place: Place,
  range: { readonly min: number; readonly max: number },
  otherwise: T,
): number | T {
  return isAbsent(place.value) ? otherwise : integer(place, range);
}

export function flag(place: Place): boolean {
  if (isAbsent(place.value)) {
    return false;
  }
  if (typeof place.value !== "boolean") {
    throw invalid(place, "true or false");
  }
  return place.value;
}

/** Absent and null are an empty list. */
export function list(place: Place): readonly Place[] {
  if (isAbsent(place.value)) {
    return [];
  }
  if (!Array.isArray(place.value)) {
    throw invalid(place, "a list");
  }
  return place.value.map((value: unknown, index) => ({ value, where: `${place.where}[${index}]` }));
}

export function texts(place: Place): readonly string[] {
  return list(place).map(text);
}

/** Absent and null are an empty map. */
export function textMap(place: Place): Readonly<Record<string, string>> {
  if (isAbsent(place.value)) {
    return {};
  }
  return Object.fromEntries(
    Object.keys(object(place)).map((key) => [key, text(field(place, key))]),
  );
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}
