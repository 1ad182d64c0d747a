// SPDX-License-Identifier: Apache-2.0
// One more process in a running app, with its streams open to us while it runs: CRI's Exec, with a terminal and without.
import { Readable, type Writable } from "node:stream";
import { ExecError } from "../../errors.ts";
import { SCHED_FIFO, SCHED_OTHER, SCHED_RESET_ON_FORK } from "../../system/constants.ts";
import type { Command, Exec } from "../../system/exec.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";
import { ConsoleSocket } from "./console-socket.ts";
import { type Crun, crunError, crunExecCommand, crunMessage } from "./crun.ts";
import { type InputPipe, openInputPipe } from "./input-pipe.ts";
import { openOutputPipes } from "./output-pipe.ts";
import type { OciProcess } from "./spec-types.ts";
import { openTerminal, type Terminal, type TerminalSize } from "./terminal.ts";

export interface ExecStreamOptions {
  /** crun's id of the container. */
  readonly id: string;
  /** With `terminal`, `consoleSize` is the size that the process finds. */
  readonly process: OciProcess;
  /** A directory of the container's for short-lived files. */
  readonly scratchDir: string;
  /** Without a terminal: whether stdin stays open; else the process finds it at its end. */
  readonly stdin: boolean;
}

export interface StreamedProcess {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  /** undefined with a terminal. */
  readonly stderr: Readable | undefined;
  resize(size: TerminalSize): void;
  /** Closes our ends of its streams; on a terminal it gets SIGHUP. */
  hangUp(): void;
  /** Whether the command itself came to run. What is written without that are crun's words, which `ended` has. */
  readonly started: Promise<boolean>;
  /** The exit code, 128 + signal for one that a signal ended. Rejects with crun's words when it could not be started. */
  readonly ended: Promise<number>;
}

type ChildProcess = ReturnType<Exec["spawnProcess"]>;
/** Before anybody looks whether it came to run. */
type Launched = Omit<StreamedProcess, "started">;

const START_POLL_MS = 2;
let serial = 0;

/** Starts the process. Its own failure to start shows in `ended`. */
export async function startExec(
  system: System,
  crun: Crun,
  options: ExecStreamOptions,
): Promise<StreamedProcess> {
  serial += 1;
  const scratch = `${options.scratchDir}/stream-${process.pid}-${serial}`;
  const [processFile, logFile, pidFile] = [`${scratch}.json`, `${scratch}.log`, `${scratch}.pid`];
  await system.files.writeFile(processFile, JSON.stringify(options.process), { mode: 0o600 });
  const command = (more: { readonly consoleSocket?: string } = {}): Command =>
    crunExecCommand(crun, { id: options.id, processFile, logFile, pidFile, ...more });
  const finished = async (exitCode: number): Promise<number> => {
    const log = (await system.files.findText(logFile)) ?? "";
    if (exitCode !== 0 && /"level"\s*:\s*"error"/.test(log)) {
      throw crunError(`run a command in app "${options.id}"`, crunMessage(log));
    }
    return exitCode;
  };
  const cleaned = async (): Promise<void> => {
    await system.files.removeTree(processFile);
    await system.files.removeTree(logFile);
    await system.files.removeTree(pidFile);
  };
  try {
    const launched = options.process.terminal
      ? await startOnTerminal(system, crun, command, scratch)
      : startOnPipes(system, crun, command(), scratch, options.stdin);
    const started = hasStarted(system, pidFile, launched.ended);
    const ended = launched.ended.then(finished).finally(() => started.finally(cleaned));
    // Whoever waits gets the reason; a session that its client has left does not wait.
    ended.catch(() => {});
    return { ...launched, started, ended };
  } catch (error) {
    await cleaned();
    throw error;
  }
}

/** crun writes the pid when nothing but execve(2) is left to do. */
async function hasStarted(
  system: System,
  pidFile: string,
  ended: Promise<number>,
): Promise<boolean> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  const end = ended.then(over, over);
  for (;;) {
    // Looked at before the file: what crun wrote before its end is not missed.
    const wasOver = isOver;
    if (system.files.existsSync(pidFile)) {
      return true;
    }
    if (wasOver) {
      return false;
    }
    await Promise.race([end, system.clock.sleep(START_POLL_MS)]);
  }
}

function startOnPipes(
  system: System,
  crun: Crun,
  command: Command,
  scratch: string,
  hasStdin: boolean,
): Launched {
  const { out, err, input } = openPipes(system, scratch, hasStdin);
  const ours = [out.reader, err.reader, ...(input === undefined ? [] : [input.writer])];
  const hangUp = (): void => {
    for (const stream of ours) {
      stream.destroy();
    }
  };
  for (const stream of ours) {
    stream.on("error", () => {});
  }
  let child: ChildProcess;
  try {
    const stdin = input?.readFd ?? "pipe";
    child = spawn(system, crun, command, { stdin, stdout: out.writeFd, stderr: err.writeFd });
  } catch (error) {
    hangUp();
    throw error;
  }
  return {
    stdin: input?.writer,
    stdout: out.reader,
    stderr: err.reader,
    resize: () => {},
    hangUp,
    ended: endOf(child),
  };
}

/** All or, when descriptors run out, none. */
function openPipes(
  system: System,
  scratch: string,
  hasStdin: boolean,
): ReturnType<typeof openOutputPipes> & { readonly input: InputPipe | undefined } {
  const input = hasStdin ? openInputPipe(system) : undefined;
  try {
    return { ...openOutputPipes(system, scratch), input };
  } catch (error) {
    if (input !== undefined) {
      input.writer.destroy();
      system.files.closeSync(input.readFd);
    }
    throw error;
  }
}

async function startOnTerminal(
  system: System,
  crun: Crun,
  command: (more: { readonly consoleSocket: string }) => Command,
  scratch: string,
): Promise<Launched> {
  using console = new ConsoleSocket(system, `${scratch}.tty`);
  const streams = { stdin: "pipe", stdout: "pipe", stderr: "pipe" } as const;
  const child = spawn(system, crun, command({ consoleSocket: console.path }), streams);
  child.stdout?.resume();
  child.stderr?.resume();
  schedule(system, child.pid, SCHED_FIFO | SCHED_RESET_ON_FORK, 1);
  const ended = endOf(child);
  const fd = await console.receive(ended);
  schedule(system, child.pid, SCHED_OTHER, 0);
  return fd === undefined
    ? { ...withoutTerminal(), ended }
    : { ...onTerminal(openTerminal(system, fd)), ended };
}

/**
 * crun (1.8) sets the terminal's size while the process starts, and on a busy host it comes too late for one that asks at
 * once: 0x0, seen in 6 of 10 runs. Under SCHED_FIFO it has the CPU as soon as it can run, while its children, the process
 * among them, have the usual one. A host that does not allow that is as without.
 */
function schedule(system: System, pid: number | undefined, policy: number, priority: number): void {
  try {
    if (pid !== undefined) {
      system.kernel.setScheduler(pid, policy, priority);
    }
  } catch {
    // EPERM where real-time groups are used: the size then comes with SIGWINCH. ESRCH when it has ended.
  }
}

function onTerminal(terminal: Terminal): Omit<Launched, "ended"> {
  terminal.output.on("error", () => {});
  terminal.input.on("error", () => {});
  return {
    stdin: terminal.input,
    stdout: terminal.output,
    stderr: undefined,
    resize: terminal.resize,
    hangUp: terminal.hangUp,
  };
}

function withoutTerminal(): Omit<Launched, "ended"> {
  const stdout = Readable.from([]);
  return { stdin: undefined, stdout, stderr: undefined, resize: () => {}, hangUp: () => {} };
}

function spawn(
  system: System,
  crun: Crun,
  command: Command,
  streams: {
    readonly stdin: number | "pipe";
    readonly stdout: number | "pipe";
    readonly stderr: number | "pipe";
  },
): ChildProcess {
  try {
    // Not /dev/null: crun gives its streams to the app's user, and the host's null device would go with them.
    const child = crun.view(() =>
      system.exec.spawnProcess({ ...command, ...streams, detached: true }),
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end();
    return child;
  } finally {
    for (const stream of Object.values(streams)) {
      if (typeof stream === "number") {
        system.files.closeSync(stream);
      }
    }
  }
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      const text = `Cannot run a command: ${errnoOf(cause)}`;
      reject(new ExecError(text, { stderrTail: "" }, { cause }));
    });
    child.once("exit", (code) => resolve(code ?? 255));
  });
}
