// SPDX-License-Identifier: Apache-2.0
// The plugin process that Pulumi starts: `pulumi-resource-corefly [flags] ENGINE_ADDRESS`. Prints its port, then serves.

import { handlers } from "./handlers.ts";
import { findProjectDir } from "./project-dir.ts";
import { startProvider } from "./server.ts";
import { VERSION } from "./version.ts";

const engineAddress = process.argv.slice(2).findLast((argument) => !argument.startsWith("-"));
const running = await startProvider({
  handlers,
  version: VERSION,
  environment: process.env,
  now: Date.now,
  projectDir: findProjectDir(process.cwd()),
  engineAddress,
});
process.stdout.write(`${running.port}\n`);

// The engine interrupts its plugins when it is done with them, and waits 5 s for their end. A user's Ctrl-C comes as Cancel.
process.on("SIGINT", end);
process.on("SIGTERM", end);

// A killed engine tells nobody: without this the plugin, and what it is building, would go on forever.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) end();
}, 1000).unref();

function end(): void {
  running.close();
  // Handlers got their signal; what does not listen to it ends here.
  setTimeout(() => process.exit(), 2000).unref();
}
