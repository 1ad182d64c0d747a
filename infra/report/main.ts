// SPDX-License-Identifier: Apache-2.0
// `make report`: writes the report of a stack's nodes, also of nodes that did not become ready.
//   node infra/report/main.ts [--stack STACK] [--cwd DIR]

import { relative } from "node:path";
import { parseArgs } from "node:util";
import { findPlace } from "../engine/workspace.ts";
import { headline } from "./plan/breakdown.ts";
import { writeReport } from "./write-report.ts";

const { values } = parseArgs({
  options: {
    stack: { type: "string", default: "dev" },
    cwd: { type: "string", default: "." },
  },
});

try {
  const place = findPlace({ projectDir: values.cwd, environment: process.env });
  const { path, nodes } = await writeReport(place, values.stack);
  for (const { timeline } of nodes) {
    process.stdout.write(`${timeline.node}: ${headline(timeline)}\n`);
  }
  process.stdout.write(`${relative(process.cwd(), path)}\n`);
} catch (error) {
  process.stderr.write(`corefly: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
