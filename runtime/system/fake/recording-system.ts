// SPDX-License-Identifier: Apache-2.0
// A machine for unit tests: kernel calls and programs are written down instead of done. Files are the real ones, because a
// temporary directory is the best double of a file system; the clock stands still until it is told to move.
import { ExecError, SystemError } from "../../errors.ts";
import type { Clock } from "../clock.ts";
import { type Command, type Completed, type Exec, failed } from "../exec.ts";
import { type Files, linuxFiles } from "../files.ts";
import type { Kernel } from "../kernel.ts";
import type { System } from "../system.ts";

/** One call: the name of the function and its arguments as they were given. */
export interface RecordedCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

export interface RecordingOptions {
  /** Answers of kernel functions by name; without one they return undefined (flock: true, descriptors: 100, 101, …). */
  readonly kernel?: Partial<Kernel>;
  /** What a program answers; without it everything ends with code 0 and says nothing. */
  readonly exec?: (command: Command) => Partial<Completed> | Promise<Partial<Completed>>;
  /** The nth call (from 1) of this function throws SystemError with this errno. */
  readonly fail?: { readonly name: string; readonly nth?: number; readonly errno: string };
  readonly files?: Partial<Files>;
  readonly now?: number;
}

export interface RecordingSystem extends System {
  /** In order, over kernel and exec. */
  readonly calls: readonly RecordedCall[];
  /** Moves the clock; sleepers whose time has come wake up. */
  advance(ms: number): void;
}

/** Thrown by `replaceProcess`, which cannot return in a test either. */
export class ProcessReplaced extends Error {}

/** As ProcessReplaced, by `abort`. */
export class ProcessAborted extends Error {}

export function recordingSystem(options: RecordingOptions = {}): RecordingSystem {
  const calls: RecordedCall[] = [];
  const record = (name: string, args: readonly unknown[]) => {
    calls.push({ name, args });
    const { fail } = options;
    if (
      fail?.name === name &&
      calls.filter((call) => call.name === name).length === (fail.nth ?? 1)
    ) {
      throw new SystemError(name, fail.errno);
    }
  };
  const clock = manualClock(options.now ?? 0);
  return {
    calls,
    kernel: recordingKernel(record, options.kernel ?? {}),
    exec: recordingExec(record, options.exec ?? (() => ({}))),
    files: { ...linuxFiles, ...options.files },
    clock,
    advance: clock.advance,
  };
}

type Record = (name: string, args: readonly unknown[]) => void;

function recordingKernel(record: Record, answers: Partial<Kernel>): Kernel {
  let nextFd = 100;
  const call =
    <A extends readonly unknown[], R>(name: string, answer: (...args: A) => R) =>
    (...args: A): R => {
      record(name, args);
      return answer(...args);
    };
  const nothing = () => {};
  const descriptor = () => nextFd++;
  const usage = { type: 0, blocks: 0, bfree: 0, bavail: 0, bsize: 4096, files: 0, ffree: 0 };
  return {
    mount: call("mount", answers.mount ?? nothing),
    setMountAttributes: call("setMountAttributes", answers.setMountAttributes ?? nothing),
    cloneTree: call("cloneTree", answers.cloneTree ?? descriptor),
    placeTree: call("placeTree", answers.placeTree ?? nothing),
    umount: call("umount", answers.umount ?? nothing),
    pivotRoot: call("pivotRoot", answers.pivotRoot ?? nothing),
    unshare: call("unshare", answers.unshare ?? nothing),
    setns: call("setns", answers.setns ?? nothing),
    chroot: call("chroot", answers.chroot ?? nothing),
    flock: call("flock", answers.flock ?? (() => true)),
    setInheritable: call("setInheritable", answers.setInheritable ?? nothing),
    setCloseOnExec: call("setCloseOnExec", answers.setCloseOnExec ?? nothing),
    setBlocking: call("setBlocking", answers.setBlocking ?? nothing),
    setNonBlocking: call("setNonBlocking", answers.setNonBlocking ?? nothing),
    windowSize: call("windowSize", answers.windowSize ?? (() => undefined)),
    unreadBytes: call("unreadBytes", answers.unreadBytes ?? (() => 0)),
    setWindowSize: call("setWindowSize", answers.setWindowSize ?? nothing),
    makeRaw: call("makeRaw", answers.makeRaw ?? (() => nothing)),
    openPipe: call(
      "openPipe",
      answers.openPipe ?? (() => ({ readFd: nextFd++, writeFd: nextFd++ })),
    ),
    openTcpSocket: call("openTcpSocket", answers.openTcpSocket ?? descriptor),
    listenOnUnixSocket: call("listenOnUnixSocket", answers.listenOnUnixSocket ?? descriptor),
    acceptConnection: call("acceptConnection", answers.acceptConnection ?? descriptor),
    connectToPacketSocket: call(
      "connectToPacketSocket",
      answers.connectToPacketSocket ?? descriptor,
    ),
    raiseLoopback: call("raiseLoopback", answers.raiseLoopback ?? nothing),
    shutdownWrites: call("shutdownWrites", answers.shutdownWrites ?? nothing),
    receiveDescriptor: call("receiveDescriptor", answers.receiveDescriptor ?? descriptor),
    openInRoot: call("openInRoot", answers.openInRoot ?? descriptor),
    openBeneath: call("openBeneath", answers.openBeneath ?? descriptor),
    mkdirat: call("mkdirat", answers.mkdirat ?? nothing),
    mknod: call("mknod", answers.mknod ?? nothing),
    mkfifo: call("mkfifo", answers.mkfifo ?? nothing),
    lsetxattr: call("lsetxattr", answers.lsetxattr ?? nothing),
    lgetxattr: call("lgetxattr", answers.lgetxattr ?? (() => undefined)),
    llistxattr: call("llistxattr", answers.llistxattr ?? (() => [])),
    sethostname: call("sethostname", answers.sethostname ?? nothing),
    statfs: call("statfs", answers.statfs ?? (() => usage)),
    syncfs: call("syncfs", answers.syncfs ?? nothing),
    prctl: call("prctl", answers.prctl ?? (() => 0)),
    kill: call("kill", answers.kill ?? nothing),
    setScheduler: call("setScheduler", answers.setScheduler ?? nothing),
    setsid: call("setsid", answers.setsid ?? (() => 1)),
    getpgid: call("getpgid", answers.getpgid ?? (() => 1)),
    umask: call("umask", answers.umask ?? (() => 0o022)),
    restoreSignals: call("restoreSignals", answers.restoreSignals ?? nothing),
    setCredentials: call("setCredentials", answers.setCredentials ?? nothing),
  };
}

function recordingExec(
  record: Record,
  answer: (command: Command) => Partial<Completed> | Promise<Partial<Completed>>,
): Exec {
  const run = async (command: Command): Promise<Completed> => {
    record("run", [command]);
    return {
      exitCode: 0,
      signal: undefined,
      stdout: "",
      stderr: "",
      durationMs: 0,
      ...(await answer(command)),
    };
  };
  return {
    run,
    runChecked: async (command) => {
      const completed = await run(command);
      if (completed.exitCode !== 0) {
        throw failed(command, completed);
      }
      return completed;
    },
    turn: () => Promise.resolve(),
    spawnProcess: (command) => {
      record("spawnProcess", [command]);
      throw new ExecError(`Cannot run "${command.file}": this system only records`, {
        stderrTail: "",
      });
    },
    replaceProcess: (file, argv, env) => {
      record("replaceProcess", [file, argv, env]);
      throw new ProcessReplaced(file);
    },
    abort: (line) => {
      record("abort", [line]);
      throw new ProcessAborted(line);
    },
    findProgram: (name, directories) => {
      record("findProgram", [name, directories]);
      return `${directories[0] ?? ""}/${name}`;
    },
  };
}

function manualClock(start: number): Clock & { advance(ms: number): void } {
  let now = start;
  const sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  return {
    now: () => now,
    monotonic: () => now - start,
    sleep: (ms) =>
      new Promise((wake) => {
        sleepers.push({ until: now + ms, wake });
      }),
    advance: (ms) => {
      now += ms;
      for (const sleeper of sleepers.filter(({ until }) => until <= now)) {
        sleepers.splice(sleepers.indexOf(sleeper), 1);
        sleeper.wake();
      }
    },
  };
}
