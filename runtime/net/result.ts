// SPDX-License-Identifier: Apache-2.0
// What a CNI plugin answers to ADD, in the forms of all versions, as the few facts that the runtime uses.
import { InvalidManifestError } from "../errors.ts";

export interface AssignedIp {
  /** Without the prefix length. */
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string | undefined;
}

export interface NetworkDns {
  readonly nameservers: readonly string[];
  readonly domain: string;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

export interface PluginResult {
  readonly ips: readonly AssignedIp[];
  readonly dns: NetworkDns;
}

/** Reads a result; addresses of interfaces that are not the pod's (a bridge's) are left out. */
export function parseResult(value: unknown, origin: string): PluginResult {
  if (!isRecord(value)) {
    throw new InvalidManifestError(
      `Cannot read the result of ${origin}: ${JSON.stringify(value) ?? "nothing"} is not an object`,
    );
  }
  const interfaces = Array.isArray(value["interfaces"]) ? value["interfaces"] : [];
  const listed = Array.isArray(value["ips"]) ? value["ips"] : [];
  // Versions 0.1.0 and 0.2.0 have ip4 and ip6 with the address in "ip" instead of a list.
  const old = [value["ip4"], value["ip6"]]
    .filter(isRecord)
    .map((each) => ({ address: each["ip"], gateway: each["gateway"] }));
  const ips = [...listed, ...old]
    .filter(isRecord)
    .filter((each) => isPodInterface(interfaces, each["interface"]))
    .map((each) => parseIp(each, origin));
  return { ips, dns: parseDns(value["dns"]) };
}

function isPodInterface(interfaces: readonly unknown[], index: unknown): boolean {
  if (typeof index !== "number") {
    return true;
  }
  const found = interfaces[index];
  return isRecord(found) && typeof found["sandbox"] === "string" && found["sandbox"] !== "";
}

function parseIp(value: Record<string, unknown>, origin: string): AssignedIp {
  const { address, gateway } = value;
  const match = typeof address === "string" ? /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(address) : null;
  if (match === null) {
    throw new InvalidManifestError(
      `Cannot read the result of ${origin}: address is ${JSON.stringify(address)}, expected "a.b.c.d/n"`,
    );
  }
  return {
    address: match[1] ?? "",
    prefixLength: Number(match[2]),
    gateway: typeof gateway === "string" && gateway !== "" ? gateway : undefined,
  };
}

function parseDns(value: unknown): NetworkDns {
  const dns = isRecord(value) ? value : {};
  const strings = (list: unknown) =>
    Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
  return {
    nameservers: strings(dns["nameservers"]),
    domain: typeof dns["domain"] === "string" ? dns["domain"] : "",
    search: strings(dns["search"]),
    options: strings(dns["options"]),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
