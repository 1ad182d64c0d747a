// SPDX-License-Identifier: Apache-2.0
// The server's unix socket: given by systemd (sd_listen_fds(3)), or made here.
import { connect, createServer, type Server } from "node:net";
import { dirname } from "node:path";
import { LockedError, UsageError } from "../errors.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";

/** The first descriptor that systemd passes. */
const FIRST_FD = 3;
const SOCKET_MODE = 0o660;
/** sun_path without its NUL. */
const MAX_PATH_BYTES = 107;

/** Whether the environment says that a socket is waiting for this very process. */
export function isActivated(env: Readonly<Record<string, string>>, pid: number): boolean {
  return env["LISTEN_PID"] === String(pid) && Number(env["LISTEN_FDS"] ?? "0") >= 1;
}

/** Takes "/run/x.sock" and "unix:///run/x.sock". */
export function socketPath(address: string): string {
  const path = address.replace(/^unix:(\/\/)?/, "");
  if (!path.startsWith("/")) {
    throw new UsageError(`Cannot listen on "${address}": expected the path of a unix socket`);
  }
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new UsageError(`Cannot listen on "${address}": longer than ${MAX_PATH_BYTES} bytes`);
  }
  return path;
}

/** A listener on systemd's socket. */
export async function listenOnFd(): Promise<Server> {
  const server = createServer({ pauseOnConnect: false });
  await listening(server, { fd: FIRST_FD });
  return server;
}

/** A listener on a new socket; one that a killed server has left is replaced, one that is served is an error. */
export async function listenOnPath(system: System, path: string): Promise<Server> {
  const { files } = system;
  await files.mkdirp(dirname(path));
  if (await files.exists(path)) {
    if (await isServed(path)) {
      throw new LockedError(`Cannot listen on "${path}": another server does`);
    }
    await files.unlink(path);
  }
  const server = createServer();
  const mask = system.kernel.umask(0o777 & ~SOCKET_MODE);
  try {
    await listening(server, { path });
  } finally {
    system.kernel.umask(mask);
  }
  await files.chmod(path, SOCKET_MODE);
  return server;
}

function listening(server: Server, where: { readonly fd: number } | { readonly path: string }) {
  return new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error) => {
      const errno = errnoOf(error);
      if (errno === "ECONNREFUSED" || errno === "ENOENT" || errno === "ENOTSOCK") {
        resolve(false);
      } else {
        reject(error);
      }
    });
  });
}
