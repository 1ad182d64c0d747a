// SPDX-License-Identifier: Apache-2.0
// The moment of a pod's start, written into its directory.
import { POD_FILES, type Pod } from "../pod/pod.ts";
import { identify } from "../pod/process.ts";
import type { System } from "../system/system.ts";

/** Says that the pod runs now, as this process. */
export function recordStart(system: System, pod: Pod): void {
  const { files } = system;
  files.writeFileSync(pod.path(POD_FILES.pid), `${process.pid}\n`);
  const identity = identify(system, process.pid);
  files.writeFileSync(pod.path(POD_FILES.started), `${JSON.stringify(identity)}\n`);
}
