// SPDX-License-Identifier: Apache-2.0
// The machines of a cluster: how large they are, and which systems there are images of.

import { InvalidArgumentError } from "./invalid-argument-error.ts";

/** Sizes as a user gives them. */
export interface MachineArgs {
  readonly os?: string | undefined;
  readonly controllerCpus?: number | undefined;
  readonly controllerMemoryMiB?: number | undefined;
  readonly etcdDiskGiB?: number | undefined;
}

/** Sizes with defaults. */
export interface MachineSettings {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly etcdDiskGiB: number;
}

/** Systems with a machine image; configs can be planned for more. */
const IMAGES: readonly string[] = ["lab"];

/**
 * Checks what a controller's machine is made of; the system's name was checked before.
 *
 * @throws InvalidArgumentError naming the first argument that cannot be used
 */
export function machineSettings(args: MachineArgs): MachineSettings {
  const { os = "lab" } = args;
  if (!IMAGES.includes(os)) {
    throw new InvalidArgumentError(
      "os",
      `there is no machine image of "${os}" yet, expected ${IMAGES.join(" or ")}`,
    );
  }
  return {
    cpus: wholeNumber(args.controllerCpus ?? 2, "controllerCpus", 1, 64),
    // The control plane alone takes 0.6 GB.
    memoryMiB: wholeNumber(args.controllerMemoryMiB ?? 4096, "controllerMemoryMiB", 1024, 1 << 20),
    etcdDiskGiB: wholeNumber(args.etcdDiskGiB ?? 4, "etcdDiskGiB", 1, 16_384),
  };
}

function wholeNumber(value: number, argument: string, minimum: number, maximum: number): number {
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new InvalidArgumentError(
      argument,
      `found ${value}, expected a whole number from ${minimum} to ${maximum}`,
    );
  }
  return value;
}
