// SPDX-License-Identifier: Apache-2.0
// The server as `corefly cri` starts it: one for each state directory, on systemd's socket or one of its own.
import { join } from "node:path";
import { LockedError } from "../errors.ts";
import { LOCK_EX, LOCK_NB } from "../system/constants.ts";
import type { System } from "../system/system.ts";
import { openImageLibrary } from "./image-library.ts";
import type { Log } from "./log.ts";
import { openContext } from "./open-context.ts";
import { serve } from "./server.ts";
import { isActivated, listenOnFd, listenOnPath, socketPath } from "./socket.ts";
import { tidyImages } from "./tidy-images.ts";

export interface CriOptions {
  readonly system: System;
  readonly log: Log;
  readonly env: Readonly<Record<string, string>>;
  /** Path of the socket, used when systemd has passed none. */
  readonly address: string;
  readonly dataDir: string;
  readonly stateDir: string;
  readonly configDirs: readonly string[];
  readonly insecureOptions: ReadonlySet<string>;
  readonly programPath: readonly string[];
  readonly cniPath: readonly string[];
  readonly runtimeTimeoutMs: number;
  readonly pluginTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** Resolves when `signal` has fired and calls under way are answered. */
export async function serveCri(options: CriOptions): Promise<void> {
  const { system, log, env } = options;
  await system.files.mkdirp(options.stateDir, { mode: 0o755 });
  const lock = takeLock(system, join(options.stateDir, "cri.lock"));
  try {
    const images = await openImageLibrary(options);
    const context = await openContext({ ...options, images });
    const listen = isActivated(env, process.pid)
      ? listenOnFd
      : () => listenOnPath(system, socketPath(options.address));
    log.debug("Starts", { dataDir: options.dataDir, stateDir: options.stateDir });
    tidyImages(images, options).catch((error: unknown) => {
      log.error("Cannot look for unused files of images", { error: String(error) });
    });
    await serve(context, listen, options.signal);
  } finally {
    system.files.closeSync(lock);
  }
}

/** Two servers over the same pods would each undo what the other does. Ends with this process, however that ends. */
function takeLock(system: System, path: string): number {
  const fd = system.files.openSync(path, "a", 0o600);
  if (!system.kernel.flock(fd, LOCK_EX | LOCK_NB)) {
    system.files.closeSync(fd);
    throw new LockedError(`Cannot serve: another CRI server holds "${path}"`);
  }
  return fd;
}
