// SPDX-License-Identifier: Apache-2.0
// The process that Pulumi starts for `runtime: nodejs`: `pulumi-language-nodejs [flags] ENGINE_ADDRESS`. Prints its
// port, then serves.

import { startLanguageHost } from "./server.ts";

const engineAddress = process.argv.slice(2).findLast((argument) => !argument.startsWith("-")) ?? "";
const host = await startLanguageHost(engineAddress);
process.stdout.write(`${host.port}\n`);

// The engine interrupts its plugins when it is done with them, and waits 5 s for their end. A user's Ctrl-C comes as Cancel.
process.on("SIGINT", end);
process.on("SIGTERM", end);

// A killed engine tells nobody.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) end();
}, 1000).unref();

function end(): void {
  host.close();
  process.exitCode = 0;
}
