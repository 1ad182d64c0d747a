// SPDX-License-Identifier: Apache-2.0
// The bench: ours beside Debian's containerd, in one run on one machine. See docs/performance.md.
import { bench } from "./bench.ts";
import { HELP, parseBenchOptions } from "./options.ts";

const options = parseBenchOptions(process.argv.slice(2), process.env);
if (options === "help") {
  process.stdout.write(HELP);
} else {
  const exceeded = await bench(options);
  if (options.check && exceeded.length > 0) {
    process.exitCode = 1;
  }
}
