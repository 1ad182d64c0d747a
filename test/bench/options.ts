// SPDX-License-Identifier: Apache-2.0
// What the bench is asked to do: flags, or the environment for `make bench`.
import { parseArgs } from "node:util";

export const HELP = `Usage: node test/bench/main.ts [--pods=N] [--at-once=N] [--calls=N] [--json=FILE] [--check]

Runs our CRI server and Debian's containerd 1.6, both with crun, in namespaces of their own on this machine, and measures
them in turn with the same requests. Needs root and what "make test" needs. The last lines are "ratio NAME VALUE": ours
divided by containerd's.

  --pods=N      lives of a pod, of which medians are taken (default 50; BENCH_PODS)
  --at-once=N   pods that are created together while lists are asked for (default 20; BENCH_AT_ONCE)
  --calls=N     calls before the servers' memory is measured (default 10000; BENCH_CALLS)
  --json=FILE   every single figure as well (BENCH_JSON)
  --check       fails when a limit of docs/performance.md is exceeded (BENCH_CHECK=1)
  --help        this text
`;

export interface BenchOptions {
  readonly pods: number;
  readonly atOnce: number;
  readonly calls: number;
  readonly json: string | undefined;
  readonly check: boolean;
}

/** "help" when that was asked for; throws for anything that it does not know. */
export function parseBenchOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      pods: { type: "string" },
      "at-once": { type: "string" },
      calls: { type: "string" },
      json: { type: "string" },
      check: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    return "help";
  }
  return {
    pods: count("pods", values.pods ?? env["BENCH_PODS"] ?? "50"),
    atOnce: count("at-once", values["at-once"] ?? env["BENCH_AT_ONCE"] ?? "20"),
    calls: count("calls", values.calls ?? env["BENCH_CALLS"] ?? "10000"),
    json: values.json ?? env["BENCH_JSON"],
    check: values.check ?? env["BENCH_CHECK"] === "1",
  };
}

function count(name: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) {
    throw new Error(`Cannot use --${name}="${text}": expected a number from 1 to 9999999`);
  }
  return Number(text);
}
