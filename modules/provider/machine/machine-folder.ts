// SPDX-License-Identifier: Apache-2.0
// Where a machine lives on the workstation: a folder of its own in the stack's state.

import { join } from "node:path";
import { MACHINE_FILES } from "../../platforms/qemu/plan/machine.ts";

/** Paths of a machine's files. */
export interface MachineFolder {
  readonly path: string;
  readonly console: string;
  readonly journal: string;
  readonly process: string;
  readonly boot: string;
  readonly output: string;
  readonly ignition: string;
}

/** The folder of the machine with this name. */
export function machineFolder(stackDir: string, name: string): MachineFolder {
  const path = join(stackDir, "nodes", folderName(name));
  return {
    path,
    console: join(path, MACHINE_FILES.console),
    journal: join(path, MACHINE_FILES.journal),
    process: join(path, MACHINE_FILES.process),
    boot: join(path, MACHINE_FILES.boot),
    output: join(path, MACHINE_FILES.output),
    ignition: join(path, MACHINE_FILES.ignition),
  };
}

/** A resource's name as one component of a path. */
export function folderName(name: string): string {
  return encodeURIComponent(name).replace(/^\./, "%2E");
}
