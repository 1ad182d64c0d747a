// SPDX-License-Identifier: Apache-2.0
// Checks kernel arguments.
import type { IgnitionConfig } from "ignition-config-types";
import type { Problem } from "../finding.ts";
import { hasControl } from "./nodes.ts";

export function* checkKernelArguments({ kernelArguments }: IgnitionConfig): Generator<Problem> {
  for (const list of ["shouldExist", "shouldNotExist"] as const) {
    for (const [index, argument] of (kernelArguments?.[list] ?? []).entries()) {
      if (argument.trim() !== "" && !hasControl(argument)) continue;
      const text = `is ${JSON.stringify(argument)}, expected text on one line`;
      yield { code: "IllegalKernelArgument", path: ["kernelArguments", list, index], text };
    }
  }
}
