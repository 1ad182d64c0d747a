// SPDX-License-Identifier: Apache-2.0
// The real machine. Made once, by a composition root.
import { linuxClock } from "./clock.ts";
import { linuxExec } from "./exec.ts";
import { linuxFiles } from "./files.ts";
import { linuxKernel } from "./kernel.ts";
import type { System } from "./system.ts";

export function linuxSystem(): System {
  return { kernel: linuxKernel(), exec: linuxExec, files: linuxFiles, clock: linuxClock };
}
