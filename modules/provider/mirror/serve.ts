// SPDX-License-Identifier: Apache-2.0
// The mirror's process: `serve.ts CONFIG`. Started by the provider, detached; what it prints is its log.

import { readFile } from "node:fs/promises";
import { parseConfig } from "./config.ts";
import { createMirror } from "./server.ts";

const [, , file = ""] = process.argv;
const config = parseConfig(await readFile(file, "utf8"));
const log = (line: string) => process.stdout.write(`${new Date().toISOString()} ${line}\n`);

const server = createMirror(config, log);
server.on("error", (error) => {
  log(`Cannot listen on 127.0.0.1:${config.port}: ${error.message}`);
  process.exitCode = 1;
});
server.listen({ port: config.port, host: "127.0.0.1", exclusive: true }, () =>
  log(`listening on 127.0.0.1:${config.port}`),
);
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
