// SPDX-License-Identifier: Apache-2.0
// Address ranges in CIDR notation (RFC 4632, RFC 4291): parse, compare, take addresses and subnets out of them.

import { InvalidArgumentError } from "./invalid-argument-error.ts";

/** A range of IPv4 or IPv6 addresses; `network` is the first address as a number. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly network: bigint;
  readonly prefixLength: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/**
 * Reads `10.3.0.0/16` or `fd00::/112`.
 *
 * @throws InvalidArgumentError naming `argument` when the text is no range, or has bits set below its prefix
 */
export function parseCidr(text: string, argument: string): Cidr {
  const [address = "", length = "", ...rest] = text.split("/");
  const family = address.includes(":") ? 6 : 4;
  const network = family === 4 ? parseIpv4(address) : parseIpv6(address);
  const prefixLength = /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (network === undefined || rest.length > 0 || prefixLength < 0 || prefixLength > BITS[family]) {
    throw new InvalidArgumentError(
      argument,
      `"${text}" is not an address range, expected for example 10.2.0.0/16`,
    );
  }
  const range = { family, network: maskTo(network, family, prefixLength), prefixLength } as const;
  if (range.network !== network) {
    throw new InvalidArgumentError(
      argument,
      `"${text}" has bits set after its prefix, expected "${formatCidr(range)}"`,
    );
  }
  return range;
}

export function formatCidr(range: Cidr): string {
  return `${formatAddress(range.family, range.network)}/${range.prefixLength}`;
}

/** Whether two ranges share an address; ranges of different families never do. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  if (a.family !== b.family) {
    return false;
  }
  const shorter = Math.min(a.prefixLength, b.prefixLength);
  return maskTo(a.network, a.family, shorter) === maskTo(b.network, b.family, shorter);
}

/** Whether the range holds the address; false for text that is no address. */
export function contains(range: Cidr, address: string): boolean {
  const family = address.includes(":") ? 6 : 4;
  const value = family === 4 ? parseIpv4(address) : parseIpv6(address);
  return (
    family === range.family &&
    value !== undefined &&
    maskTo(value, family, range.prefixLength) === range.network
  );
}

/** The address at `index` in the range: 1 is the first after the network's own. */
export function addressAt(range: Cidr, index: number, argument: string): string {
  const size = 1n << BigInt(BITS[range.family] - range.prefixLength);
  if (BigInt(index) >= size) {
    throw new InvalidArgumentError(
      argument,
      `"${formatCidr(range)}" has ${size} addresses, expected more than ${index}`,
    );
  }
  return formatAddress(range.family, range.network + BigInt(index));
}

/** The subnet of `prefixLength` at `index` in the range. */
export function subnetAt(range: Cidr, prefixLength: number, index: number, argument: string): Cidr {
  const count =
    prefixLength < range.prefixLength ? 0n : 1n << BigInt(prefixLength - range.prefixLength);
  if (BigInt(index) >= count) {
    throw new InvalidArgumentError(
      argument,
      `"${formatCidr(range)}" has ${count} subnets of /${prefixLength}, expected more than ${index}`,
    );
  }
  const step = 1n << BigInt(BITS[range.family] - prefixLength);
  return { family: range.family, network: range.network + BigInt(index) * step, prefixLength };
}

function maskTo(value: bigint, family: 4 | 6, prefixLength: number): bigint {
  const low = BigInt(BITS[family] - prefixLength);
  return (value >> low) << low;
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  const valid =
    parts.length === 4 &&
    parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return valid ? parts.reduce((value, part) => value * 256n + BigInt(part), 0n) : undefined;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) {
    return undefined;
  }
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const given = groups.flat().length;
  const missing = 8 - given;
  if (halves.length === 1 ? missing !== 0 : missing < 1) {
    return undefined;
  }
  const all = [
    ...(groups[0] ?? []),
    ...Array<string>(halves.length === 2 ? missing : 0).fill("0"),
    ...(groups[1] ?? []),
  ];
  return all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
    ? all.reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n)
    : undefined;
}

function formatAddress(family: 4 | 6, value: bigint): string {
  return family === 4 ? formatIpv4(value) : formatIpv6(value);
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 255n).toString()).join(".");
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(16 * (7 - index))) & 0xffffn).toString(16),
  );
  const runs = [...groups.join(":").matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)];
  const longest = runs.sort((a, b) => b[0].length - a[0].length || a.index - b.index)[0];
  if (longest === undefined) {
    return groups.join(":");
  }
  const text = groups.join(":");
  const before = text.slice(0, longest.index).replace(/:$/, "");
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}
