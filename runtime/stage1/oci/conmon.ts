// SPDX-License-Identifier: Apache-2.0
// conmon, the monitor beside each container: it outlives us, holds the container's stdio, writes its log in CRI format and
// leaves its exit status on disk. Command line as data, and a thin runner.
import type { Socket } from "node:net";
import { ExecError, InternalError, TimeoutError } from "../../errors.ts";
import type { SpawnCommand } from "../../system/exec.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";
import { type Crun, crunError, crunGlobalArguments, crunMessage } from "./crun.ts";
import { killMonitors } from "./monitors.ts";
import { openOutputPipe } from "./output-pipe.ts";

/** What one monitor is told. All paths are absolute. */
export interface ConmonOptions {
  readonly id: string;
  /** Shown by `ps` and in conmon's own log; the app's name. */
  readonly name: string;
  /** Has config.json; conmon makes its `ctl` and `winsz` fifos there. */
  readonly bundle: string;
  /** Gets `exit` (decimal, 128 + signal) and, after an OOM kill, `oom`. */
  readonly persistDir: string;
  /** Gets a file named by the id when the container ends: one directory to watch for all. */
  readonly exitDir: string;
  /** Gets `<id>/attach`. Short: socket paths end at 107 bytes. */
  readonly socketDir: string;
  /** Log in CRI format; undefined throws the output away. */
  readonly logPath: string | undefined;
  readonly terminal: boolean;
  /** Gives the container a pipe as stdin instead of /dev/null. */
  readonly stdin: boolean;
  /** Keeps that pipe open when the first attached client leaves. */
  readonly leaveStdinOpen: boolean;
}

/** How conmon is called on this host. */
export interface Conmon {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly crun: Crun;
}

/** How a container ended. */
export interface ExitRecord {
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly finishedAtMs: number;
}

const SYNC_FD = 3;

/** Where conmon puts the pid of the container's first process. */
export function containerPidFile(bundle: string): string {
  return `${bundle}/pidfile`;
}

/** Where conmon puts its own pid. */
export function conmonPidFile(bundle: string): string {
  return `${bundle}/conmon-pidfile`;
}

/** The socket (SOCK_SEQPACKET) of a container's stdio. */
export function attachSocket(options: Pick<ConmonOptions, "socketDir" | "id">): string {
  return `${options.socketDir}/${options.id}/attach`;
}

/** conmon's command line for `crun create`. Descriptor 3 is its sync pipe; `inheritFds` follow. */
export function conmonCommand(
  conmon: Conmon,
  options: ConmonOptions,
  descriptors: { readonly sync: number; readonly inheritFds: readonly number[] },
): SpawnCommand {
  return {
    file: conmon.file,
    args: [
      "--cid",
      options.id,
      "--cuuid",
      options.id,
      "--name",
      options.name,
      "--runtime",
      conmon.crun.file,
      "--bundle",
      options.bundle,
      "--persist-dir",
      options.persistDir,
      "--exit-dir",
      options.exitDir,
      "--socket-dir-path",
      options.socketDir,
      "--container-pidfile",
      containerPidFile(options.bundle),
      "--conmon-pidfile",
      conmonPidFile(options.bundle),
      "--log-path",
      options.logPath === undefined ? "off" : `k8s-file:${options.logPath}`,
      "--log-level",
      "error",
      ...crunGlobalArguments(conmon.crun).flatMap((argument) => ["--runtime-arg", argument]),
      ...(conmon.crun.cgroupDriver === "systemd" ? ["--systemd-cgroup"] : []),
      ...(options.terminal ? ["--terminal"] : []),
      ...(options.stdin ? ["--stdin"] : []),
      ...(options.leaveStdinOpen ? ["--leave-stdin-open"] : []),
    ],
    env: { ...conmon.env, _OCI_SYNCPIPE: String(SYNC_FD) },
    cwd: options.bundle,
    stderr: "pipe",
    inheritFds: [descriptors.sync, ...descriptors.inheritFds],
    detached: true,
  };
}

/**
 * Creates the container under a monitor and returns the pid of its first process, which waits for crunStart().
 * `inheritFds` (locks) stay open in the monitor until the container has ended and its exit record is written.
 * On failure nothing runs any more; the error has crun's own message. Neither conmon nor crun may take longer than crun's
 * limit: then both are killed, with what they have started. The caller deletes the container from crun's state.
 */
export async function createContainer(
  system: System,
  conmon: Conmon,
  options: ConmonOptions,
  inheritFds: readonly number[] = [],
): Promise<{ readonly pid: number }> {
  const { files } = system;
  for (const directory of [options.persistDir, options.exitDir, options.socketDir]) {
    await files.mkdirp(directory, { mode: 0o700 });
  }
  await system.exec.turn();
  const sync = openOutputPipe(system, `${options.bundle}/sync`);
  let stderr = "";
  let ended: Promise<void>;
  try {
    const child = conmon.crun.view(() =>
      system.exec.spawnProcess(conmonCommand(conmon, options, { sync: sync.writeFd, inheritFds })),
    );
    // Detached children do not keep this process alive, but the one that says how it went is waited for.
    child.ref();
    ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", () => resolve());
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr = `${stderr}${chunk.toString()}`.slice(-4096);
    });
  } finally {
    files.closeSync(sync.writeFd);
  }
  const failed = ended.then(
    () => new Promise<never>(() => {}),
    (cause: unknown) => {
      throw new ExecError(
        `Cannot run "${conmon.file}": ${errnoOf(cause)}`,
        { stderrTail: "" },
        { cause },
      );
    },
  );
  const waiting = new AbortController();
  const late = system.clock
    .sleep(conmon.crun.timeoutMs, { signal: waiting.signal })
    .then(() => undefined);
  late.catch(() => {}); // given up below
  const answer = await Promise.race([readLine(sync.reader), failed, late]).finally(() => {
    waiting.abort();
    sync.reader.destroy();
  });
  if (answer === undefined) {
    await killMonitors(system, options.id);
    throw new TimeoutError(
      `Cannot create app "${options.id}": conmon and crun did not answer within ${conmon.crun.timeoutMs / 1000} s`,
    );
  }
  return { pid: parseSyncAnswer(answer, options.id, stderr) };
}

/** The pid in conmon's first line, or an error with the runtime's message. */
export function parseSyncAnswer(line: string, id: string, stderr: string): number {
  const doing = `create app "${id}"`;
  if (line === "") {
    throw crunError(doing, crunMessage(stderr) || "conmon ended without a word");
  }
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch (cause) {
    throw new InternalError(`Cannot ${doing}: conmon said "${line}"`, { cause });
  }
  if (typeof answer !== "object" || answer === null) {
    throw new InternalError(`Cannot ${doing}: conmon said "${line}"`);
  }
  const pid = "pid" in answer ? answer.pid : "data" in answer ? answer.data : undefined;
  if (typeof pid === "number" && pid > 0) {
    return pid;
  }
  const message = "message" in answer ? String(answer.message) : stderr;
  throw crunError(doing, crunMessage(message));
}

/** How the container ended, or undefined while it runs. */
export async function findExitRecord(
  system: System,
  persistDir: string,
): Promise<ExitRecord | undefined> {
  const path = `${persistDir}/exit`;
  const text = await system.files.findText(path);
  if (text === undefined || !/^-?\d+\s*$/.test(text)) {
    return undefined;
  }
  const stats = await system.files.stat(path);
  const oomKilled = await system.files.exists(`${persistDir}/oom`);
  return { exitCode: Number(text), oomKilled, finishedAtMs: stats.mtimeMs };
}

/** The first line, or what came before the end. */
function readLine(reader: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    reader.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) {
        resolve(text.slice(0, text.indexOf("\n")));
      }
    });
    reader.once("end", () => resolve(text.trim()));
    reader.once("error", reject);
  });
}
