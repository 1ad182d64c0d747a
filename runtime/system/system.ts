// SPDX-License-Identifier: Apache-2.0
// The seam between what decides and what acts: everything above runtime/system reaches the machine through one `System`.
import type { Clock } from "./clock.ts";
import type { Exec } from "./exec.ts";
import type { Files } from "./files.ts";
import type { Kernel } from "./kernel.ts";

/**
 * The machine. `linuxSystem()` makes the real one, and only composition roots (cli/main.ts, cri/server.ts) do so;
 * `recordingSystem()` of fake/ makes one for tests that writes down what it is asked.
 */
export interface System {
  readonly kernel: Kernel;
  readonly exec: Exec;
  readonly files: Files;
  readonly clock: Clock;
}
