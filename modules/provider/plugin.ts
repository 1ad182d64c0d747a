// SPDX-License-Identifier: Apache-2.0
// The life of a plugin process: prints its port for the engine, serves, ends when the engine does.

import type { ResourceHandler } from "./handler.ts";
import { findProjectDir } from "./project-dir.ts";
import { startProvider } from "./server.ts";
import { VERSION } from "./version.ts";

/** Serves these handlers for the engine whose address is the last argument. */
export async function runPlugin(
  handlers: readonly ResourceHandler[],
  now: () => number,
): Promise<void> {
  const engineAddress = process.argv.slice(2).findLast((argument) => !argument.startsWith("-"));
  const running = await startProvider({
    handlers,
    version: VERSION,
    environment: process.env,
    now,
    projectDir: findProjectDir(process.cwd()),
    engineAddress,
  });
  process.stdout.write(`${running.port}\n`);
  endWithEngine(() => running.close());
}

function endWithEngine(close: () => void): void {
  const end = () => {
    close();
    // Handlers got their signal; what does not listen to it ends here.
    setTimeout(() => process.exit(), 2000).unref();
  };
  // The engine interrupts its plugins when it is done with them, and waits 5 s for their end. A user's Ctrl-C comes as Cancel.
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  // A killed engine tells nobody: without this the plugin, and what it is building, would go on forever.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    end();
  }, 1000);
  watch.unref();
}
