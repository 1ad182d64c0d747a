// SPDX-License-Identifier: Apache-2.0
// Other programs: run to the end, spawned and kept, or put in the place of this process. Commands are data, never shell text.
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { accessSync, constants, fsyncSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ExecError, SystemError, TimeoutError } from "../errors.ts";
import { callAfter } from "./clock.ts";
import { errnoOf, linuxKernel } from "./kernel.ts";

export interface Command {
  /** A path, or a name that is looked up in the PATH of `env`. */
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  readonly timeoutMs?: number;
  /** Descriptors of ours that the child gets as 3, 4, … in this order. */
  readonly inheritFds?: readonly number[];
}

export interface Completed {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** What becomes of a child's descriptors 0, 1 and 2: a pipe to us, /dev/null, ours, or a descriptor that we opened. */
export type Stream = "pipe" | "ignore" | "inherit" | number;

export interface SpawnCommand extends Omit<Command, "stdin" | "timeoutMs"> {
  readonly stdin?: Stream;
  readonly stdout?: Stream;
  readonly stderr?: Stream;
  /** A session of its own, and we do not wait for it at our end. */
  readonly detached?: boolean;
  readonly argv0?: string;
}

export interface Exec {
  /**
   * Waits for the end, whatever it is; throws ExecError only when the program cannot be started or `signal` fired, and
   * TimeoutError after `timeoutMs`. It is killed then, and what it has started is not waited for. stdout and stderr are
   * kept whole up to 64 MiB each.
   */
  run(command: Command, options?: { readonly signal?: AbortSignal }): Promise<Completed>;
  /** As run, but everything except exit code 0 throws ExecError with the end of stderr in its message. */
  runChecked(command: Command, options?: { readonly signal?: AbortSignal }): Promise<Completed>;
  /**
   * Resolves when it is the caller's turn to start a program. Until the program has begun this thread stands still, on a busy
   * machine for milliseconds: with turns, whatever else waits for the thread gets it between two of them.
   */
  turn(): Promise<void>;
  /** The child, started; "error" is emitted when that failed. Default of all three streams: "ignore". */
  spawnProcess(command: SpawnCommand): ChildProcess;
  /**
   * execve(2): never returns. Same pid; descriptors made inheritable stay open. What was written to process.stdout must
   * have been flushed before: write with `writeOutput` of cli/output.ts, which is synchronous.
   */
  replaceProcess(
    file: string,
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
  ): never;
  /** Ends this process there and then, with one line on stderr: for a state in which nothing more may be done. */
  abort(line: string): never;
  /** The first executable of that name in these directories. */
  findProgram(name: string, directories: readonly string[]): string | undefined;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const STDERR_TAIL_BYTES = 4096;

export const linuxExec: Exec = {
  run,
  runChecked: async (command, options = {}) => {
    const completed = await run(command, options);
    if (completed.exitCode !== 0) {
      throw failed(command, completed);
    }
    return completed;
  },
  turn,
  spawnProcess: (command) => {
    const child = spawn(command.file, [...command.args], {
      stdio: stdio(command),
      env: { ...command.env },
      cwd: command.cwd,
      detached: command.detached ?? false,
      argv0: command.argv0,
    });
    if (command.detached === true) {
      child.unref();
    }
    return child;
  },
  replaceProcess: (file, argv, env) => {
    flush();
    const kernel = linuxKernel();
    kernel.restoreSignals();
    [0, 1, 2].forEach(kernel.setBlocking);
    const { execve } = process;
    if (execve === undefined) {
      throw new SystemError("execve", "ENOSYS", file);
    }
    try {
      return execve.call(process, file, [...argv], { ...env });
    } catch (cause) {
      throw new SystemError("execve", errnoOf(cause), file, { cause });
    }
  },
  abort: (line) => {
    writeSync(2, `${line}\n`);
    process.abort();
  },
  findProgram: (name, directories) =>
    directories.map((directory) => join(directory, name)).find(isExecutable),
};

/** One line that says how a program ended, with the end of what it said. */
export function failed(command: Pick<Command, "file">, completed: Completed): ExecError {
  const stderrTail = tail(completed.stderr);
  const how =
    completed.signal === undefined
      ? `exit code ${completed.exitCode ?? "unknown"}`
      : `signal ${completed.signal}`;
  const said = stderrTail.trim() === "" ? "" : `: ${stderrTail.trim()}`;
  return new ExecError(`Cannot run "${command.file}": ${how}${said}`, {
    exitCode: completed.exitCode,
    signal: completed.signal,
    stderrTail,
  });
}

function run(
  command: Command,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Completed> {
  const { signal } = options;
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown) =>
      reject(
        new ExecError(
          `Cannot run "${command.file}": ${reason}`,
          { stderrTail: tail(err.text()) },
          { cause },
        ),
      );
    const failLate = () =>
      reject(
        new TimeoutError(`Cannot run "${command.file}": timed out after ${command.timeoutMs} ms`, {
          details: { stderrTail: tail(err.text()) },
        }),
      );
    const [out, err] = [collector(), collector()];
    if (signal?.aborted === true) {
      fail("cancelled", signal.reason);
      return;
    }
    const child = spawn(command.file, [...command.args], {
      stdio: ["pipe", "pipe", "pipe", ...(command.inheritFds ?? [])],
      env: { ...command.env },
      cwd: command.cwd,
    });
    let stopped: (() => void) | undefined;
    const stop = (tell: () => void) => {
      stopped ??= tell;
      child.kill("SIGKILL");
    };
    const onAbort = () => stop(() => fail("cancelled", signal?.reason));
    signal?.addEventListener("abort", onAbort, { once: true });
    const giveUpTimer =
      command.timeoutMs === undefined
        ? undefined
        : callAfter(command.timeoutMs, () => stop(failLate));
    child.stdout?.on("data", out.add);
    child.stderr?.on("data", err.add);
    // A program that does not read its input ends before we have written it all: that is its right.
    child.stdin?.on("error", () => {});
    child.stdin?.end(command.stdin ?? "");
    child.on("error", (cause) => {
      giveUpTimer?.();
      signal?.removeEventListener("abort", onAbort);
      fail(errnoOf(cause), cause);
    });
    child.on("exit", () => {
      if (stopped !== undefined) {
        stopped();
        // Otherwise a child of its own that lives on would keep us reading.
        child.stdout?.destroy();
        child.stderr?.destroy();
      }
    });
    child.on("close", (code, killedBy) => {
      giveUpTimer?.();
      signal?.removeEventListener("abort", onAbort);
      if (stopped !== undefined) {
        return;
      }
      resolve({
        exitCode: code ?? undefined,
        signal: killedBy ?? undefined,
        stdout: out.text(),
        stderr: err.text(),
        durationMs: performance.now() - startedAt,
      });
    });
  });
}

let lastTurn: Promise<void> = Promise.resolve();

/** One in each round of the event loop. */
function turn(): Promise<void> {
  lastTurn = lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
  return lastTurn;
}

function stdio(command: SpawnCommand): StdioOptions {
  return [
    command.stdin ?? "ignore",
    command.stdout ?? "ignore",
    command.stderr ?? "ignore",
    ...(command.inheritFds ?? []),
  ];
}

function collector(): { add(chunk: Buffer): void; text(): string } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add: (chunk) => {
      if (size < MAX_OUTPUT_BYTES) {
        chunks.push(chunk);
        size += chunk.length;
      }
    },
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}

function tail(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= STDERR_TAIL_BYTES
    ? text
    : bytes.subarray(bytes.length - STDERR_TAIL_BYTES).toString("utf8");
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Regular files only: on pipes and terminals fsync fails, and they have nothing to flush. */
function flush(): void {
  for (const fd of [1, 2]) {
    try {
      fsyncSync(fd);
    } catch {
      // EINVAL for a pipe or terminal, EBADF when closed
    }
  }
}
