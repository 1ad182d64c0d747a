// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import {
  decodeProperties,
  encodeProperties,
  markSecrets,
} from "../../../../modules/provider/codec.ts";
import {
  type PropertyValue,
  type PropertyValues,
  Secret,
  UNKNOWN,
} from "../../../../modules/provider/property-value.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = { [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270" };
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

function onWire(values: Parameters<typeof structPb.Struct.fromJavaScript>[0]) {
  return structPb.Struct.fromJavaScript(values);
}

// google-protobuf's maps cannot hold a key "__proto__".
const key = fc.string().filter((name) => name !== "__proto__");
const { value } = fc.letrec<{ value: PropertyValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
    fc.string(),
    fc.constant(UNKNOWN),
    fc.array(tie("value")),
    fc
      .dictionary(key, tie("value"))
      // A null prototype is not what the codec makes.
      .map((entries) => Object.fromEntries(Object.entries(entries))),
  ),
}));
const values = fc
  .dictionary(key, value)
  .map((entries): PropertyValues => Object.fromEntries(Object.entries(entries)));

describe("decodeProperties()", () => {
  it("reads what encodeProperties() writes", () => {
    fc.assert(
      fc.property(values, (given) => {
        expect(decodeProperties(encodeProperties(given)).values).toEqual(given);
      }),
    );
  });

  it("unwraps secrets and says where they were", () => {
    const decoded = decodeProperties(
      onWire({
        plain: "a",
        key: { ...SECRET, value: "k" },
        list: ["x", { ...SECRET, value: { deep: { ...SECRET, value: 1 } } }],
        map: { inner: { ...SECRET, value: UNKNOWN_TEXT } },
      }),
    );
    expect(decoded.values).toEqual({
      plain: "a",
      key: "k",
      list: ["x", { deep: 1 }],
      map: { inner: UNKNOWN },
    });
    expect(decoded.secrets).toEqual(
      new Map<string, unknown>([
        ["key", true],
        ["list", new Map([["1", true]])],
        ["map", new Map([["inner", true]])],
      ]),
    );
  });

  it("knows the unknowns of all types", () => {
    const texts = [
      UNKNOWN_TEXT,
      "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
      "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
      "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
      "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    ];
    expect(decodeProperties(onWire({ texts })).values).toEqual({ texts: texts.map(() => UNKNOWN) });
  });

  it("reads output values and references to resources as what they stand for", () => {
    const output = { [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4" };
    const reference = { [SIGNATURE]: "5cf8f73096256a8f31e491e813e4eb8e" };
    const decoded = decodeProperties(
      onWire({
        known: { ...output, value: "v", secret: true, dependencies: [] },
        unknown: { ...output },
        machine: { ...reference, urn: "urn:x", id: "i" },
      }),
    );
    expect(decoded.values).toEqual({ known: "v", unknown: UNKNOWN, machine: "i" });
    expect(decoded.secrets).toEqual(new Map([["known", true]]));
  });

  it("drops arguments that are null", () => {
    expect(decodeProperties(onWire({ a: null, b: 1 })).values).toEqual({ b: 1 });
  });

  it("refuses assets, naming the argument", () => {
    const asset = { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", text: "x" };
    expect(() => decodeProperties(onWire({ files: { motd: asset } }))).toThrow(
      'Cannot use argument "files.motd": found an asset or archive, expected plain data',
    );
  });
});

describe("encodeProperties()", () => {
  it("writes a secret once, whatever is inside", () => {
    const encoded = encodeProperties({ key: new Secret([new Secret("a"), UNKNOWN]) });
    expect(encoded.toJavaScript()).toEqual({ key: { ...SECRET, value: ["a", UNKNOWN_TEXT] } });
  });
});

describe("markSecrets()", () => {
  it("makes secret again what came in as a secret", () => {
    const { values: plain, secrets } = decodeProperties(
      onWire({ a: { ...SECRET, value: "x" }, list: [1, { ...SECRET, value: 2 }], b: "y" }),
    );
    expect(markSecrets(plain, secrets)).toEqual({
      a: new Secret("x"),
      list: [1, new Secret(2)],
      b: "y",
    });
  });

  it("hides a value as a whole when its secret parts cannot be found any more", () => {
    const { secrets } = decodeProperties(onWire({ a: { b: { ...SECRET, value: "x" } } }));
    expect(markSecrets({ a: "was a map with x" }, secrets)).toEqual({
      a: new Secret("was a map with x"),
    });
  });
});
