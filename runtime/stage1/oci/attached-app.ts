// SPDX-License-Identifier: Apache-2.0
// The stdio of an app that runs, through its monitor's attach socket: CRI's Attach.
//
// The socket keeps message boundaries (SOCK_SEQPACKET), which Node cannot wait for; so it is looked at, every millisecond
// while something comes and less often while nothing does. conmon waits for a client that does not read, and the app with it.
import { Readable, Writable } from "node:stream";
import { PodStateError } from "../../errors.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";

export interface AttachedApp {
  /** Its end is the end of the app's stdin, unless that stays open between clients. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Silent for an app with a terminal. */
  readonly stderr: Readable;
  /** Resolves when the app has ended, or after close(). */
  readonly ended: Promise<void>;
  close(): void;
}

/** The first byte of a message from conmon says what the rest is. */
const STDOUT = 2;
const STDERR = 3;
/** conmon's own buffer, and the byte. */
const MAX_MESSAGE_BYTES = 8192 + 1;
const MAX_WRITE_BYTES = 8192;
/** In one go, so that others get their turn. */
const MAX_MESSAGES = 64;
const BUSY_MS = 1;
const IDLE_MS = 20;

/** Throws PodStateError when no monitor listens there: the app has ended. */
export function attachToApp(system: System, socketPath: string): AttachedApp {
  const { kernel, files } = system;
  const fd = connect(system, socketPath);
  const buffer = Buffer.alloc(MAX_MESSAGE_BYTES);
  const full = new Set<number>();
  let delay = BUSY_MS;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let finish: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });

  const output = (kind: number): Readable =>
    new Readable({ highWaterMark: 64 * 1024, read: () => void full.delete(kind) });
  const outputs = new Map([STDOUT, STDERR].map((kind) => [kind, output(kind)]));

  const close = (): void => {
    if (isClosed) {
      return;
    }
    isClosed = true;
    clearTimeout(timer);
    files.closeSync(fd);
    for (const each of outputs.values()) {
      each.push(null);
    }
    finish();
  };

  /** Whether there was a message. */
  const receive = (): boolean => {
    const size = unlessWaiting(() => files.readSync(fd, buffer, 0, buffer.length, null));
    if (size === undefined) {
      return false;
    }
    if (size === 0) {
      close();
      return false;
    }
    const kind = buffer[0] ?? 0;
    const target = outputs.get(kind);
    if (target !== undefined && !target.push(Buffer.from(buffer.subarray(1, size)))) {
      full.add(kind);
    }
    return true;
  };

  const look = (): void => {
    let count = 0;
    try {
      while (!isClosed && full.size === 0 && count < MAX_MESSAGES && receive()) {
        count += 1;
      }
    } catch {
      close(); // ECONNRESET: the monitor is gone
    }
    if (!isClosed) {
      delay = count > 0 ? BUSY_MS : Math.min(delay * 2, IDLE_MS);
      timer = setTimeout(look, delay);
    }
  };

  const write = (chunk: Buffer, done: (error?: Error) => void): void => {
    if (isClosed) {
      done(new Error("The app has ended"));
      return;
    }
    let rest = chunk;
    try {
      while (rest.length > 0) {
        const part = rest.subarray(0, MAX_WRITE_BYTES);
        if (unlessWaiting(() => files.writeSync(fd, part)) === undefined) {
          setTimeout(write, IDLE_MS, rest, done);
          return;
        }
        rest = rest.subarray(part.length);
      }
      // An answer may be near.
      delay = BUSY_MS;
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  };

  const stdin = new Writable({
    write: (chunk: Buffer, _encoding, done) => write(chunk, done),
    final: (done) => {
      if (!isClosed) {
        kernel.shutdownWrites(fd);
      }
      done();
    },
  });
  look();
  const [stdout, stderr] = [outputs.get(STDOUT), outputs.get(STDERR)];
  return {
    stdin,
    stdout: stdout ?? output(STDOUT),
    stderr: stderr ?? output(STDERR),
    ended,
    close,
  };
}

function connect(system: System, path: string): number {
  try {
    return system.kernel.connectToPacketSocket(path);
  } catch (cause) {
    throw new PodStateError(`Cannot attach to the app: its monitor does not run`, { cause });
  }
}

function unlessWaiting<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (errnoOf(error) === "EAGAIN") {
      return undefined;
    }
    throw error;
  }
}
