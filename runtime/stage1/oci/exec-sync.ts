// SPDX-License-Identifier: Apache-2.0
// One more process in a running app, run to its end with its output collected: CRI's ExecSync, and so exec probes.
import { CoreflyError, ExecError, TimeoutError } from "../../errors.ts";
import type { Exec } from "../../system/exec.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";
import { type Crun, crunError, crunExecCommand, crunMessage } from "./crun.ts";
import { killProcessTree } from "./process-tree.ts";
import type { OciProcess } from "./spec-types.ts";

export interface ExecSyncOptions {
  /** crun's id of the container. */
  readonly id: string;
  readonly process: OciProcess;
  /** A directory of the container's for two short-lived files. */
  readonly scratchDir: string;
  /** After that the process and all it started are killed and TimeoutError is thrown; undefined waits for ever. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ExecSyncResult {
  /** 128 + signal for a process that a signal ended. */
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** What CRI clients take at most; more is dropped. */
export const MAX_EXEC_OUTPUT_BYTES = 16 * 1024 * 1024;

/** How long output is still read after the process's end: something in the background may hold its pipes open. */
const DRAIN_MS = 500;

type ChildProcess = ReturnType<Exec["spawnProcess"]>;

let serial = 0;

/** Runs the process. Throws with crun's own words when it cannot be started (no such program, app not running). */
export async function execSync(
  system: System,
  crun: Crun,
  options: ExecSyncOptions,
): Promise<ExecSyncResult> {
  const { files } = system;
  serial += 1;
  const scratch = `${options.scratchDir}/exec-${process.pid}-${serial}`;
  const [processFile, logFile] = [`${scratch}.json`, `${scratch}.log`];
  try {
    await files.writeFile(processFile, JSON.stringify(options.process), { mode: 0o600 });
    const command = crunExecCommand(crun, { id: options.id, processFile, logFile });
    const child = crun.view(() =>
      // A session of its own, which killProcessTree() starts from.
      system.exec.spawnProcess({
        ...command,
        stdout: "pipe",
        stderr: "pipe",
        stdin: "ignore",
        detached: true,
      }),
    );
    // Detached children do not keep this process alive, but this one is waited for.
    child.ref();
    const ended = await collect(system, child, options);
    const log = (await files.findText(logFile)) ?? "";
    if (ended.exitCode !== 0 && /"level"\s*:\s*"error"/.test(log)) {
      throw crunError(`run a command in app "${options.id}"`, crunMessage(log));
    }
    return ended;
  } finally {
    await files.removeTree(processFile);
    await files.removeTree(logFile);
  }
}

function collect(
  system: System,
  child: ChildProcess,
  options: ExecSyncOptions,
): Promise<ExecSyncResult> {
  const { timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    const [stdout, stderr] = [collector(child.stdout), collector(child.stderr)];
    let stopped: CoreflyError | undefined;
    const stop = (error: CoreflyError) => {
      stopped ??= error;
      if (child.pid !== undefined) {
        killProcessTree(system, child.pid);
      }
    };
    const onAbort = () =>
      stop(
        new CoreflyError("CANCELLED", `Cannot run a command in app "${options.id}": cancelled`, {
          cause: signal?.reason,
        }),
      );
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(
            () =>
              stop(
                new TimeoutError(
                  `Cannot run a command in app "${options.id}": not done within ${timeoutMs} ms`,
                ),
              ),
            timeoutMs,
          );
    let drain: NodeJS.Timeout | undefined;
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      clearTimeout(drain);
      signal?.removeEventListener("abort", onAbort);
      child.stdout?.destroy();
      child.stderr?.destroy();
      settle();
    };
    child.once("error", (cause) =>
      finish(() =>
        reject(new ExecError(`Cannot run crun: ${errnoOf(cause)}`, { stderrTail: "" }, { cause })),
      ),
    );
    const done = () => {
      const error = stopped;
      finish(() =>
        error === undefined
          ? resolve({
              exitCode: child.exitCode ?? 255,
              stdout: stdout.bytes(),
              stderr: stderr.bytes(),
            })
          : reject(error),
      );
    };
    child.once("exit", () => {
      drain = setTimeout(done, DRAIN_MS);
    });
    child.once("close", done);
    if (signal?.aborted === true) {
      onAbort();
    } else {
      signal?.addEventListener("abort", onAbort, { once: true });
    }
  });
}

function collector(stream: ChildProcess["stdout"]): { readonly bytes: () => Uint8Array } {
  const chunks: Buffer[] = [];
  let left = MAX_EXEC_OUTPUT_BYTES;
  stream?.on("data", (chunk: Buffer) => {
    if (left > 0) {
      chunks.push(chunk.subarray(0, left));
      left -= chunk.length;
    }
  });
  return { bytes: () => Buffer.concat(chunks) };
}
