// SPDX-License-Identifier: Apache-2.0
// Where the time of a request goes, from the lines that the server writes about it at level "debug".
import { median } from "./statistics.ts";

export interface Steps {
  readonly rpc: string;
  /** Milliseconds of each step, in their order. */
  readonly medians: Readonly<Record<string, number>>;
}

const LINE = /^debug: Took rpc=(\w+)((?: \w+=[\d.]+)+)$/;

/** One for each kind of request. */
export function stepsOf(log: string): readonly Steps[] {
  const found = new Map<string, Map<string, number[]>>();
  for (const line of log.split("\n")) {
    const [, rpc, fields] = LINE.exec(line) ?? [];
    if (rpc === undefined || fields === undefined) {
      continue;
    }
    const steps = found.get(rpc) ?? new Map<string, number[]>();
    found.set(rpc, steps);
    for (const [, name = "", ms] of fields.matchAll(/ (\w+)=([\d.]+)/g)) {
      steps.set(name, [...(steps.get(name) ?? []), Number(ms)]);
    }
  }
  return [...found].map(([rpc, steps]) => ({
    rpc,
    medians: Object.fromEntries([...steps].map(([name, values]) => [name, median(values)])),
  }));
}
