// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  addressAt,
  type Cidr,
  contains,
  formatCidr,
  overlaps,
  parseCidr,
  subnetAt,
} from "../../../../../modules/cluster/plan/cidr.ts";

const ranges = fc
  .constantFrom<4 | 6>(4, 6)
  .chain((family) =>
    fc.record({
      family: fc.constant(family),
      prefixLength: fc.integer({ min: 0, max: family === 4 ? 32 : 128 }),
      bits: fc.bigInt({ min: 0n, max: (1n << (family === 4 ? 32n : 128n)) - 1n }),
    }),
  )
  .map(({ family, prefixLength, bits }): Cidr => {
    const low = BigInt((family === 4 ? 32 : 128) - prefixLength);
    return { family, prefixLength, network: (bits >> low) << low };
  });

describe("parseCidr()", () => {
  it("reads what formatCidr() writes", () => {
    fc.assert(
      fc.property(ranges, (range) => {
        expect(parseCidr(formatCidr(range), "podCidr")).toEqual(range);
      }),
    );
  });

  it.each([
    "10.0.0.0",
    "10.0.0/8",
    "10.0.0.0/33",
    "10.0.0.256/32",
    "01.0.0.0/8",
    "fd00::1::/64",
    "fd00:/64",
    "x/8",
    "",
    "10.0.0.0/8/8",
  ])("refuses %j and names the argument", (text) => {
    expect(() => parseCidr(text, "podCidr")).toThrow(
      `Invalid argument "podCidr": "${text}" is not an address range, expected for example 10.2.0.0/16`,
    );
  });

  it("refuses bits after the prefix and says what was meant", () => {
    expect(() => parseCidr("10.3.1.0/16", "serviceCidr")).toThrow(
      'Invalid argument "serviceCidr": "10.3.1.0/16" has bits set after its prefix, expected "10.3.0.0/16"',
    );
  });
});

describe("formatCidr()", () => {
  it.each(["fd00:18::/112", "::/0", "2001:db8:0:1::/64", "1:0:0:2::/64", "10.3.0.0/16"])(
    "writes %s the way RFC 5952 does",
    (text) => {
      expect(formatCidr(parseCidr(text, "podCidr"))).toBe(text);
    },
  );
});

describe("overlaps()", () => {
  it("is symmetric, and true for a range and its subnets", () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        expect(overlaps(a, b)).toBe(overlaps(b, a));
        expect(overlaps(a, a)).toBe(true);
      }),
    );
  });

  it.each([
    ["10.0.0.0/8", "10.3.0.0/16", true],
    ["10.2.0.0/16", "10.3.0.0/16", false],
    ["0.0.0.0/0", "fd00::/8", false],
  ])("says of %s and %s: %s", (a, b, expected) => {
    expect(overlaps(parseCidr(a, "a"), parseCidr(b, "b"))).toBe(expected);
  });
});

describe("addressAt()", () => {
  it.each([
    ["10.3.0.0/16", 1, "10.3.0.1"],
    ["10.3.0.0/16", 256, "10.3.1.0"],
    ["fd00:18::/112", 1, "fd00:18::1"],
  ])("of %s at %d is %s", (range, index, expected) => {
    expect(addressAt(parseCidr(range, "serviceCidr"), index, "serviceCidr")).toBe(expected);
  });

  it("refuses an index that the range does not have", () => {
    expect(() => addressAt(parseCidr("10.3.0.0/30", "serviceCidr"), 10, "serviceCidr")).toThrow(
      'Invalid argument "serviceCidr": "10.3.0.0/30" has 4 addresses, expected more than 10',
    );
  });
});

describe("subnetAt()", () => {
  it("gives subnets that lie in the range and never overlap", () => {
    const range = parseCidr("10.20.0.0/16", "podCidr");
    const subnets = Array.from({ length: 256 }, (_, index) =>
      subnetAt(range, 24, index, "podCidr"),
    );
    expect(new Set(subnets.map(formatCidr)).size).toBe(256);
    expect(subnets.every((subnet) => contains(range, addressAt(subnet, 0, "podCidr")))).toBe(true);
    expect(() => subnetAt(range, 24, 256, "podCidr")).toThrow("has 256 subnets of /24");
  });
});
