// SPDX-License-Identifier: Apache-2.0
// An app with a terminal: crun makes one for it, and this process passes on what is typed, what is shown, sizes and signals.
// crun could do that too, but (1.8) passes a change of the size on as a signal without the size.
import { ReadStream } from "node:tty";
import { ExecError } from "../errors.ts";
import { ConsoleSocket } from "../stage1/oci/console-socket.ts";
import { descriptorWriter } from "../stage1/oci/descriptor-writer.ts";
import { openTerminal, type Terminal } from "../stage1/oci/terminal.ts";
import type { Command, Exec } from "../system/exec.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";

const [STDIN, STDOUT, STDERR] = [0, 1, 2] as const;
/** crun passes them on to the app. */
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

type ChildProcess = ReturnType<Exec["spawnProcess"]>;

/**
 * Runs crun to its end and answers its exit code. The command gets the path of a console socket, which must be free; crun
 * holds `lockFd` as long as the app runs, also when this process is killed.
 */
export async function runOnTerminal(
  system: System,
  options: {
    readonly command: (consoleSocket: string) => Command;
    readonly consoleSocket: string;
    readonly lockFd: number;
  },
): Promise<number> {
  const socket = new ConsoleSocket(system, options.consoleSocket);
  const { stdin: _none, timeoutMs: _no, ...command } = options.command(socket.path);
  // In a session of its own: signals of our terminal reach it through us alone, once. Pipes, because crun gives its streams
  // to the app's user.
  const child = system.exec.spawnProcess({
    ...command,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    inheritFds: [options.lockFd],
    detached: true,
  });
  child.ref();
  const ended = endOf(child);
  using _signals = forwardSignals(child);
  child.stdout?.resume();
  child.stderr?.on("data", (chunk: Buffer) => system.files.writeSync(STDERR, chunk));
  try {
    const master = await receive(socket, ended);
    if (master !== undefined) {
      await passOn(system, openTerminal(system, master));
    }
    return await ended;
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/** The socket is gone afterwards, so that nothing is left of it however this process ends. */
async function receive(
  socket: ConsoleSocket,
  ended: Promise<unknown>,
): Promise<number | undefined> {
  using _closed = socket;
  return await socket.receive(ended);
}

function endOf(child: ChildProcess): Promise<number> {
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", (cause) => {
      const text = `Cannot run "${child.spawnfile}": ${errnoOf(cause)}`;
      reject(new ExecError(text, { stderrTail: "" }, { cause }));
    });
    // "close": its last words have been read.
    child.once("close", (code) => resolve(code ?? 255));
  });
  ended.catch(() => {}); // whoever waits for the terminal first gets it later
  return ended;
}

function forwardSignals(child: ChildProcess): Disposable {
  const forward = (signal: NodeJS.Signals) => {
    child.kill(signal);
  };
  for (const name of FORWARDED) {
    process.on(name, forward);
  }
  return {
    [Symbol.dispose]: () => {
      for (const name of FORWARDED) {
        process.off(name, forward);
      }
    },
  };
}

/** Until no process has the app's terminal any more and all that was shown is passed on. */
async function passOn(system: System, terminal: Terminal): Promise<void> {
  const { kernel } = system;
  const resize = () => {
    const size = kernel.windowSize(STDIN);
    if (size !== undefined && size.rows > 0 && size.columns > 0) {
      terminal.resize({ width: size.columns, height: size.rows });
    }
  };
  const restore = kernel.makeRaw(STDIN);
  const typed = new ReadStream(STDIN);
  try {
    process.on("SIGWINCH", resize);
    // It may have changed since the app's configuration was written.
    resize();
    typed.on("error", () => {});
    terminal.input.on("error", () => {});
    // Our terminal is gone: the app is to notice.
    typed.once("close", () => terminal.hangUp());
    typed.pipe(terminal.input);
    await show(system, terminal);
  } finally {
    process.off("SIGWINCH", resize);
    typed.destroy();
    try {
      restore();
    } catch {
      // EIO: our terminal is gone
    }
  }
}

function show(system: System, { output }: Terminal): Promise<void> {
  const shown = descriptorWriter(system, STDOUT, () => false);
  return new Promise((resolve) => {
    // EIO is how the other side's end is told.
    output.on("error", () => {});
    output.once("close", () => shown.end());
    shown.once("error", () => output.resume()); // nobody looks any more
    shown.once("close", () => {
      if (output.closed) {
        resolve();
      } else {
        output.once("close", resolve);
      }
    });
    output.pipe(shown, { end: false });
  });
}
