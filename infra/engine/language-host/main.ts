// SPDX-License-Identifier: Apache-2.0
// The process that Pulumi starts for `runtime: nodejs`: `pulumi-language-nodejs [flags] ENGINE_ADDRESS`. Prints its
// port, then serves.

import { startLanguageHost } from "./server.ts";

const engineAddress = process.argv.slice(2).findLast((argument) => !argument.startsWith("-")) ?? "";
const host = await startLanguageHost(engineAddress);
process.stdout.write(`${host.port}\n`);

// Ctrl-C goes to programs through the engine, which then ends this process.
process.on("SIGINT", () => host.cancel());
process.on("SIGTERM", () => end());

// A killed engine tells nobody.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) end();
}, 1000).unref();

function end(): void {
  host.close();
  process.exitCode = 0;
}
