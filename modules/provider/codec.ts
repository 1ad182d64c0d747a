// SPDX-License-Identifier: Apache-2.0
// Between Pulumi's wire format and plain values: unknowns and secrets have magic texts on the wire, and nowhere else.

import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import {
  isList,
  isMap,
  type PropertyValue,
  type PropertyValues,
  Secret,
  UNKNOWN,
} from "./property-value.ts";
import { isSecretAt, type SecretPaths, secretPaths } from "./secret-paths.ts";

// The signatures are Pulumi's protocol: sdk/go/common/resource/properties.go and sig.go.
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWN_TEXTS: ReadonlySet<string> = new Set([
  UNKNOWN_TEXT,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // bool
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

/** What came over the wire: plain values, and which of them were secret. */
export interface Decoded {
  readonly values: PropertyValues;
  readonly secrets: SecretPaths;
}

/** Reads a resource's properties. Nulls are arguments that were not given. */
export function decodeProperties(struct: structPb.Struct | undefined): Decoded {
  const wire = struct === undefined ? {} : decodeStruct(struct, []);
  const entries = Object.entries(wire).filter(([, value]) => value !== null);
  const marked = Object.fromEntries(entries);
  return { values: unwrapMap(marked), secrets: secretPaths(marked) };
}

/** Writes properties for the engine; `Secret` and UNKNOWN become Pulumi's texts. */
export function encodeProperties(values: PropertyValues): structPb.Struct {
  const struct = new structPb.Struct();
  const fields = struct.getFieldsMap();
  for (const [name, value] of Object.entries(values)) {
    // An `undefined` can hide behind an optional property of a handler's result.
    if (value !== undefined) fields.set(name, encodeValue(value));
  }
  return struct;
}

/** Marks what was secret on the way in, so that nothing that was encrypted becomes plain. */
export function markSecrets(values: PropertyValues, secrets: SecretPaths): PropertyValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, markValue(value, secrets.get(name))]),
  );
}

function markValue(value: PropertyValue, secrets: SecretPaths | true | undefined): PropertyValue {
  if (secrets === undefined || value instanceof Secret) return value;
  if (isSecretAt(secrets)) return new Secret(value);
  if (isList(value)) return value.map((item, index) => markValue(item, secrets.get(`${index}`)));
  if (isMap(value)) return markSecrets(value, secrets);
  // The value that held secrets was replaced by another kind of value: better all of it than none.
  return new Secret(value);
}

function decodeStruct(struct: structPb.Struct, path: readonly string[]): PropertyValues {
  const entries: [string, PropertyValue][] = [];
  struct.getFieldsMap().forEach((value, name) => {
    entries.push([name, decodeValue(value, [...path, name])]);
  });
  // fromEntries defines own properties: a key "__proto__" is a key like any other.
  return Object.fromEntries(entries);
}

function decodeValue(value: structPb.Value, path: readonly string[]): PropertyValue {
  const list = value.getListValue();
  if (list !== undefined) {
    return list.getValuesList().map((item, index) => decodeValue(item, [...path, `${index}`]));
  }
  const struct = value.getStructValue();
  if (struct !== undefined) return decodeSpecial(decodeStruct(struct, path), path);
  if (value.hasStringValue()) {
    const text = value.getStringValue();
    return UNKNOWN_TEXTS.has(text) ? UNKNOWN : text;
  }
  if (value.hasNumberValue()) return value.getNumberValue();
  if (value.hasBoolValue()) return value.getBoolValue();
  return null;
}

function decodeSpecial(map: PropertyValues, path: readonly string[]): PropertyValue {
  const signature = map[SIGNATURE_KEY];
  switch (signature) {
    case undefined:
      return map;
    case SECRET:
      return new Secret(map["value"] ?? null);
    case OUTPUT_VALUE: {
      const value = map["value"] ?? UNKNOWN;
      return map["secret"] === true ? new Secret(value) : value;
    }
    case RESOURCE_REFERENCE:
      return map["id"] ?? map["urn"] ?? null;
    default:
      throw new TypeError(
        `Cannot use argument "${path.join(".")}": found an asset or archive, expected plain data`,
      );
  }
}

function encodeValue(value: PropertyValue): structPb.Value {
  const encoded = new structPb.Value();
  if (value === UNKNOWN) encoded.setStringValue(UNKNOWN_TEXT);
  else if (value === null) encoded.setNullValue(structPb.NullValue.NULL_VALUE);
  else if (typeof value === "string") encoded.setStringValue(value);
  else if (typeof value === "number") encoded.setNumberValue(value);
  else if (typeof value === "boolean") encoded.setBoolValue(value);
  else if (value instanceof Secret) {
    encoded.setStructValue(
      encodeProperties({ [SIGNATURE_KEY]: SECRET, value: unwrapValue(value.value) }),
    );
  } else if (isList(value)) {
    const list = new structPb.ListValue();
    list.setValuesList(value.map(encodeValue));
    encoded.setListValue(list);
  } else if (isMap(value)) {
    encoded.setStructValue(encodeProperties(value));
  } else throw new TypeError(`Cannot encode a ${typeof value}`);
  return encoded;
}

function unwrapMap(values: PropertyValues): PropertyValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, unwrapValue(value)]),
  );
}

function unwrapValue(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return unwrapValue(value.value);
  if (isList(value)) return value.map(unwrapValue);
  return isMap(value) ? unwrapMap(value) : value;
}
