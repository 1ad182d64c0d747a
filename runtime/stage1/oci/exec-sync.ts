// SPDX-License-Identifier: Apache-2.0
// One more process in a running app, run to its end with its output collected: CRI's ExecSync, and so exec probes.
import { CoreflyError, ExecError, TimeoutError } from "../../errors.ts";
import { callAfter } from "../../system/clock.ts";
import type { Command, Exec } from "../../system/exec.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";
import { collectOutput, OutputBudget } from "./collected-output.ts";
import { type Crun, crunError, crunExecCommand, crunMessage } from "./crun.ts";
import { openOutputPipes } from "./output-pipe.ts";
import { killBelow, killNow } from "./process-tree.ts";
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

/** What crun has to end by itself once the processes that it waits for are killed. */
const CRUN_END_MS = 2000;

/** How long output is still read after the process's end: something in the background may hold its pipes open. */
const DRAIN_MS = 500;

type ChildProcess = ReturnType<Exec["spawnProcess"]>;

const budget = new OutputBudget();
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
    const ended = await runToEnd(system, crun, command, scratch, options);
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

async function runToEnd(
  system: System,
  crun: Crun,
  command: Command,
  scratch: string,
  options: ExecSyncOptions,
): Promise<ExecSyncResult> {
  const { out, err } = openOutputPipes(system, scratch);
  const stdout = collectOutput(out.reader, budget);
  const stderr = collectOutput(err.reader, budget);
  try {
    const child = startChild(system, crun, command, out.writeFd, err.writeFd);
    const exitCode = await endOf(system, child, options);
    await Promise.race([Promise.all([stdout.ended, stderr.ended]), system.clock.sleep(DRAIN_MS)]);
    return { exitCode, stdout: stdout.bytes(), stderr: stderr.bytes() };
  } finally {
    stdout.close();
    stderr.close();
  }
}

function startChild(
  system: System,
  crun: Crun,
  command: Command,
  stdout: number,
  stderr: number,
): ChildProcess {
  try {
    const child = crun.view(() =>
      system.exec.spawnProcess({
        ...command,
        // Not /dev/null: crun gives its streams to the app's user, and the host's null device would go with them.
        stdin: "pipe",
        stdout,
        stderr,
        // A session of its own, which killBelow() starts from.
        detached: true,
      }),
    );
    // Detached children do not keep this process alive, but this one is waited for.
    child.ref();
    child.stdin?.on("error", () => {});
    child.stdin?.end();
    return child;
  } finally {
    system.files.closeSync(stdout);
    system.files.closeSync(stderr);
  }
}

/** The exit code; when time runs out or the caller gives up, everything is killed and the error says why. */
function endOf(system: System, child: ChildProcess, options: ExecSyncOptions): Promise<number> {
  const { timeoutMs, signal } = options;
  const doing = `Cannot run a command in app "${options.id}"`;
  return new Promise((resolve, reject) => {
    let stopped: CoreflyError | undefined;
    let crunTimer: ReturnType<typeof setTimeout> | undefined;
    const stop = (error: CoreflyError) => {
      const { pid } = child;
      if (stopped !== undefined || pid === undefined) {
        return;
      }
      stopped = error;
      // crun alone has nothing to wait for.
      const endsByItself = killBelow(system, pid);
      crunTimer = setTimeout(() => killNow(system, pid), endsByItself ? CRUN_END_MS : 0);
    };
    const onAbort = () =>
      stop(new CoreflyError("CANCELLED", `${doing}: cancelled`, { cause: signal?.reason }));
    const onTimeout = () => stop(new TimeoutError(`${doing}: not done within ${timeoutMs} ms`));
    const giveUpTimer = timeoutMs === undefined ? undefined : callAfter(timeoutMs, onTimeout);
    const settle = () => {
      giveUpTimer?.();
      clearTimeout(crunTimer);
      signal?.removeEventListener("abort", onAbort);
    };
    child.once("error", (cause) => {
      settle();
      reject(new ExecError(`${doing}: ${errnoOf(cause)}`, { stderrTail: "" }, { cause }));
    });
    child.once("exit", (code) => {
      settle();
      if (stopped === undefined) {
        resolve(code ?? 255);
      } else {
        reject(stopped);
      }
    });
    if (signal?.aborted === true) {
      onAbort();
    } else {
      signal?.addEventListener("abort", onAbort, { once: true });
    }
  });
}
