// SPDX-License-Identifier: Apache-2.0
// Whether ports of the loopback are free, seen the way that users' mistakes look: at preview.

import { createServer } from "node:net";

/** Whether somebody listens on this port of 127.0.0.1, or on that port of all addresses. */
async function portTaken(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(true);
      else reject(new Error(`Cannot try port ${port}: ${error.message}`, { cause: error }));
    });
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      server.close(() => resolve(false)),
    );
  });
}

/** Those of the ports that are taken. */
export async function takenPorts(ports: readonly number[]): Promise<readonly number[]> {
  const taken = await Promise.all(
    ports.map(async (port) => ((await portTaken(port)) ? [port] : [])),
  );
  return taken.flat();
}
