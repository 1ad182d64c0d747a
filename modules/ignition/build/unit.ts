// SPDX-License-Identifier: Apache-2.0
// Systemd units and drop-ins.
import type { Dropin, Unit } from "ignition-config-types";

/** Options of {@link unit}. */
export interface UnitOptions {
  readonly contents?: string;
  /** Started at boot if the unit has an [Install] section; false says that a preset must not enable it. */
  readonly enabled?: boolean;
  readonly dropins?: readonly Dropin[];
}

/** A unit of systemd: a new one with contents, or more about one that the system has. */
export function unit(name: string, options: UnitOptions): Unit {
  const { contents, enabled, dropins } = options;
  return {
    name,
    ...(contents === undefined ? {} : { contents }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(dropins === undefined ? {} : { dropins: [...dropins] }),
  };
}

/** A unit that must never start, whoever asks. */
export function maskedUnit(name: string): Unit {
  return { name, mask: true };
}

/** A drop-in of a unit; `name` ends in `.conf`. */
export function dropin(name: string, contents: string): Dropin {
  return { name, contents };
}
