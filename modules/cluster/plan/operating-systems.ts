// SPDX-License-Identifier: Apache-2.0
// What differs between the CoreOS systems that a node can run.

import { InvalidArgumentError } from "./invalid-argument-error.ts";

export interface OperatingSystem {
  readonly name: "lab" | "fedora-coreos" | "flatcar";
  /** The resolv.conf that pods get: never one that names a stub on the node's loopback. */
  readonly resolvConf: string;
}

const SYSTEMS: readonly OperatingSystem[] = [
  { name: "lab", resolvConf: "/etc/resolv.conf" },
  { name: "fedora-coreos", resolvConf: "/run/systemd/resolve/resolv.conf" },
  { name: "flatcar", resolvConf: "/run/systemd/resolve/resolv.conf" },
];

export function operatingSystem(name: string): OperatingSystem {
  const found = SYSTEMS.find((system) => system.name === name);
  if (found === undefined) {
    throw new InvalidArgumentError(
      "os",
      `"${name}" is not known, expected one of ${SYSTEMS.map((system) => system.name).join(", ")}`,
    );
  }
  return found;
}
