// SPDX-License-Identifier: Apache-2.0
// What the planners of a cluster work from: the arguments, checked, with their defaults.

import { addressAt, type Cidr, formatCidr, overlaps, parseCidr, subnetAt } from "./cidr.ts";
import { InvalidArgumentError } from "./invalid-argument-error.ts";
import { checkNodeLabels, checkNodeName, nodeName } from "./names.ts";
import { type OperatingSystem, operatingSystem } from "./operating-systems.ts";

/** What a user may say of a cluster; everything has a default. */
export interface ClusterSettingsArgs {
  readonly name: string;
  readonly os?: string | undefined;
  readonly controllerCount?: number | undefined;
  readonly workerCount?: number | undefined;
  readonly kubernetesVersion?: string | undefined;
  readonly podCidr?: string | undefined;
  readonly serviceCidr?: string | undefined;
  readonly clusterDomain?: string | undefined;
  readonly sshAuthorizedKeys?: readonly string[] | undefined;
  readonly nodeLabels?: Readonly<Record<string, string>> | undefined;
}

export interface NodeSettings {
  readonly name: string;
  readonly address: string;
  readonly podRange: Cidr;
}

/** The checked arguments. */
export interface ClusterSettings {
  readonly name: string;
  readonly os: OperatingSystem;
  readonly kubernetesVersion: string;
  readonly podRange: Cidr;
  readonly serviceRange: Cidr;
  readonly dnsAddress: string;
  readonly clusterDomain: string;
  readonly sshAuthorizedKeys: readonly string[];
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly controllers: readonly NodeSettings[];
}

/** The network of QEMU's user mode: the node's address and the workstation as the node sees it. */
const NODE_RANGE = "10.0.2.0/24";
const NODE_ADDRESS = "10.0.2.15";

/** Ranges that mean something else everywhere (RFC 6890): no pod and no Service could be reached there. */
const SPECIAL_RANGES: Readonly<Record<string, string>> = {
  "0.0.0.0/8": "this network",
  "127.0.0.0/8": "loopback",
  "169.254.0.0/16": "link-local",
  "224.0.0.0/3": "multicast and reserved",
};

/** Each node's pods get a range of this size out of the cluster's. */
const NODE_POD_PREFIX = 24;

/**
 * Checks the arguments and completes them.
 *
 * @throws InvalidArgumentError naming the first argument that cannot be used
 */
export function clusterSettings(
  args: ClusterSettingsArgs,
  versions: { readonly kubernetes: readonly string[] },
): ClusterSettings {
  const name = checkNodeName(args.name, "name");
  const podRange = parseCidr(args.podCidr ?? "10.20.0.0/16", "podCidr");
  const serviceRange = parseCidr(args.serviceCidr ?? "10.3.0.0/16", "serviceCidr");
  checkRanges(podRange, serviceRange);
  checkNodeLabels(args.nodeLabels ?? {}, "nodeLabels");
  return {
    name,
    os: operatingSystem(args.os ?? "lab"),
    kubernetesVersion: checkVersion(args.kubernetesVersion, versions.kubernetes),
    podRange,
    serviceRange,
    dnsAddress: addressAt(serviceRange, 10, "serviceCidr"),
    clusterDomain: checkDomain(args.clusterDomain ?? "cluster.local"),
    sshAuthorizedKeys: (args.sshAuthorizedKeys ?? []).map(checkSshKey),
    nodeLabels: args.nodeLabels ?? {},
    controllers: controllers(name, args, podRange),
  };
}

function controllers(
  name: string,
  args: ClusterSettingsArgs,
  podRange: Cidr,
): readonly NodeSettings[] {
  const count = args.controllerCount ?? 1;
  if (count !== 1) {
    throw new InvalidArgumentError("controllerCount", `${count} controllers, expected 1`);
  }
  if ((args.workerCount ?? 0) !== 0) {
    throw new InvalidArgumentError(
      "workerCount",
      `${args.workerCount} workers, expected 0: the controller takes the work`,
    );
  }
  return [
    {
      name: nodeName(name, "controller", 0),
      address: NODE_ADDRESS,
      podRange: subnetAt(podRange, NODE_POD_PREFIX, 0, "podCidr"),
    },
  ];
}

function checkRanges(podRange: Cidr, serviceRange: Cidr): void {
  for (const [argument, range] of [
    ["podCidr", podRange],
    ["serviceCidr", serviceRange],
  ] as const) {
    if (range.family !== 4) {
      throw new InvalidArgumentError(
        argument,
        `"${formatCidr(range)}" is IPv6, expected an IPv4 range`,
      );
    }
    const special = Object.keys(SPECIAL_RANGES).find((text) =>
      overlaps(range, parseCidr(text, argument)),
    );
    if (special !== undefined) {
      throw new InvalidArgumentError(
        argument,
        `"${formatCidr(range)}" overlaps ${special} (${SPECIAL_RANGES[special]}), expected an ordinary range`,
      );
    }
    if (overlaps(range, parseCidr(NODE_RANGE, argument))) {
      throw new InvalidArgumentError(
        argument,
        `"${formatCidr(range)}" overlaps the nodes' network ${NODE_RANGE}, expected ranges that share no address`,
      );
    }
  }
  if (overlaps(podRange, serviceRange)) {
    throw new InvalidArgumentError(
      "serviceCidr",
      `"${formatCidr(serviceRange)}" overlaps podCidr "${formatCidr(podRange)}", expected ranges that share no address`,
    );
  }
}

function checkVersion(version: string | undefined, known: readonly string[]): string {
  const newest = known[0] ?? "";
  if (version !== undefined && !known.includes(version)) {
    throw new InvalidArgumentError(
      "kubernetesVersion",
      `there is no artefact of "${version}", expected one of ${known.join(", ")}`,
    );
  }
  return version ?? newest;
}

function checkDomain(domain: string): string {
  const labels = domain.split(".");
  if (
    domain.length > 253 ||
    !labels.every((label) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(label))
  ) {
    throw new InvalidArgumentError("clusterDomain", `"${domain}" is not a DNS name`);
  }
  return domain;
}

const SSH_KEY_TYPES = [
  "ssh-ed25519",
  "ssh-rsa",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
];

/** A line of authorized_keys without options: the blob must name the type that stands before it (RFC 4253 §6.6). */
function checkSshKey(key: string): string {
  const [type = "", blob = ""] = key.trim().split(/\s+/);
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(blob) ? Buffer.from(blob, "base64") : Buffer.alloc(0);
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  const inner = bytes.subarray(4, 4 + length).toString("latin1");
  if (
    !SSH_KEY_TYPES.includes(type) ||
    inner !== type ||
    bytes.length <= 4 + length ||
    /[\r\n]/.test(key.trim())
  ) {
    throw new InvalidArgumentError(
      "sshAuthorizedKeys",
      `"${key.trim().slice(0, 40)}" is not a public key, expected a line like "ssh-ed25519 AAAA… name"`,
    );
  }
  return key.trim();
}
