// SPDX-License-Identifier: Apache-2.0
// Stage0 of the oci flavour: the app becomes a container of crun's, and this process becomes crun.
import { UnsupportedError } from "../errors.ts";
import type { Pod } from "../pod/pod.ts";
import type { System } from "../system/system.ts";
import type { PodPlan } from "./pod-plan.ts";

export interface OciHost {
  readonly programPath: readonly string[];
}

/** Never returns. */
export async function startOci(
  _system: System,
  _pod: Pod,
  _plan: PodPlan,
  _host: OciHost,
  _signal: AbortSignal,
): Promise<never> {
  throw new UnsupportedError("Cannot run with --stage1=oci: not there yet");
}
