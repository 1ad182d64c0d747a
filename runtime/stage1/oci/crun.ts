// SPDX-License-Identifier: Apache-2.0
// crun's command line, as data, and thin runners that turn its complaints into our errors. For stage1's oci flavour and CRI.
import {
  type CoreflyError,
  ExecError,
  InternalError,
  NotFoundError,
  PodStateError,
  TimeoutError,
} from "../../errors.ts";
import type { Command, Completed } from "../../system/exec.ts";
import type { System } from "../../system/system.ts";
import type { CgroupView } from "./cgroup-view.ts";
import type { OciResources, OciSpec } from "./spec-types.ts";

/** How crun is called on this host. */
export interface Crun {
  /** Path of the program. */
  readonly file: string;
  /** Where crun keeps its own state, on a tmpfs: `/run/corefly/crun`. */
  readonly root: string;
  readonly cgroupDriver: "systemd" | "cgroupfs";
  readonly env: Readonly<Record<string, string>>;
  readonly view: CgroupView;
  /** For one run of crun; see {@link RUNTIME_TIMEOUT_MS}. Never for what runs in the container. */
  readonly timeoutMs: number;
}

/** Below the two minutes after which the kubelet gives a request up: it is to see our reason. */
export const RUNTIME_TIMEOUT_MS = 60_000;

export type CrunStatus = "creating" | "created" | "running" | "stopped" | "paused";

export interface CrunState {
  readonly id: string;
  /** In the host's pid namespace; 0 when stopped. */
  readonly pid: number;
  readonly status: CrunStatus;
}

/** What command lines are made of. */
type CrunProgram = Omit<Crun, "view" | "timeoutMs">;

/** Options before the verb: also what conmon must pass on to crun. */
export function crunGlobalArguments(crun: Pick<Crun, "root" | "cgroupDriver">): readonly string[] {
  return [
    `--root=${crun.root}`,
    ...(crun.cgroupDriver === "systemd" ? ["--systemd-cgroup"] : ["--cgroup-manager=cgroupfs"]),
  ];
}

/** Any verb of crun's as a command. */
export function crunCommand(crun: CrunProgram, ...args: readonly string[]): Command {
  return { file: crun.file, args: [...crunGlobalArguments(crun), ...args], env: crun.env };
}

/**
 * Create and start in the foreground: crun stays as the app's parent, passes signals on and ends with the app's status.
 * For single-app pods of the command line, in whose mount namespace it runs; call enterCgroupView() before.
 */
export function crunRunCommand(
  crun: CrunProgram,
  options: {
    readonly id: string;
    readonly bundle: string;
    readonly pidFile: string;
    /** As for crunExecCommand(). */
    readonly consoleSocket?: string;
  },
): Command {
  return crunCommand(
    crun,
    "run",
    `--bundle=${options.bundle}`,
    `--pid-file=${options.pidFile}`,
    ...(options.consoleSocket === undefined ? [] : [`--console-socket=${options.consoleSocket}`]),
    options.id,
  );
}

/** `crun exec` of a process described in a file (the `process` part of config.json). */
export function crunExecCommand(
  crun: CrunProgram,
  options: {
    readonly id: string;
    readonly processFile: string;
    /** crun writes the new process's pid there. */
    readonly pidFile?: string;
    /** crun writes its own complaint there as JSON lines, so that stderr is the process's alone. */
    readonly logFile: string;
    /** Below the container's cgroup; cgroup v2 only. */
    readonly subCgroup?: string;
    /** A unix socket that listens: crun sends the master of the process's terminal there. */
    readonly consoleSocket?: string;
  },
): Command {
  return {
    file: crun.file,
    args: [
      ...crunGlobalArguments(crun),
      `--log=${options.logFile}`,
      "--log-format=json",
      "exec",
      `--process=${options.processFile}`,
      ...(options.pidFile === undefined ? [] : [`--pid-file=${options.pidFile}`]),
      ...(options.subCgroup === undefined ? [] : [`--cgroup=${options.subCgroup}`]),
      ...(options.consoleSocket === undefined ? [] : [`--console-socket=${options.consoleSocket}`]),
      options.id,
    ],
    env: crun.env,
  };
}

/**
 * Writes `config.json`, whole or not at all; crun's bundle is a directory with that file. It need not outlive a power cut:
 * no container does.
 */
export async function writeBundle(system: System, bundle: string, spec: OciSpec): Promise<void> {
  const { files } = system;
  await files.mkdirp(bundle, { mode: 0o700 });
  await files.writeFile(`${bundle}/config.json.new`, JSON.stringify(spec), { mode: 0o600 });
  await files.rename(`${bundle}/config.json.new`, `${bundle}/config.json`);
}

/** Starts a created container. */
export async function crunStart(system: System, crun: Crun, id: string): Promise<void> {
  await run(system, crun, `start app "${id}"`, "start", id);
}

/** Sends a signal (number or name) to the first process; false when it has ended or never was. */
export async function crunKill(
  system: System,
  crun: Crun,
  id: string,
  signal: number | string,
): Promise<boolean> {
  return await unlessGone(run(system, crun, `signal app "${id}"`, "kill", id, String(signal)));
}

/** Sends a signal to every process in the container's cgroup: for apps without a pid namespace of their own. */
export async function crunKillAll(
  system: System,
  crun: Crun,
  id: string,
  signal: number | string,
): Promise<boolean> {
  return await unlessGone(
    run(system, crun, `signal app "${id}"`, "kill", "--all", id, String(signal)),
  );
}

/** Kills what still runs, removes the cgroup and crun's state. Idempotent. */
export async function crunDelete(system: System, crun: Crun, id: string): Promise<void> {
  await unlessGone(run(system, crun, `delete app "${id}"`, "delete", "--force", id));
}

/** undefined when crun does not know it. */
export async function crunState(
  system: System,
  crun: Crun,
  id: string,
): Promise<CrunState | undefined> {
  try {
    const { stdout } = await run(system, crun, `read the state of app "${id}"`, "state", id);
    return parseCrunState(stdout, id);
  } catch (error) {
    if (error instanceof NotFoundError) {
      return undefined;
    }
    throw error;
  }
}

let serial = 0;

/** Writes new limits into the container's cgroup. */
export async function crunUpdate(
  system: System,
  crun: Crun,
  id: string,
  resources: OciResources,
): Promise<void> {
  serial += 1;
  // Not by stdin: Node's pipes are sockets, and those cannot be opened as /dev/stdin.
  const file = `${crun.root}-update-${process.pid}-${serial}.json`;
  try {
    await system.files.writeFile(file, JSON.stringify(resources), { mode: 0o600 });
    await run(system, crun, `update app "${id}"`, "update", `--resources=${file}`, id);
  } finally {
    await system.files.removeTree(file);
  }
}

/** Reads what `crun state` printed. */
export function parseCrunState(text: string, id: string): CrunState {
  const statuses: readonly CrunStatus[] = ["creating", "created", "running", "stopped", "paused"];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InternalError(`Cannot read the state of app "${id}": not JSON`, { cause });
  }
  if (typeof value === "object" && value !== null && "pid" in value && "status" in value) {
    const status = statuses.find((each) => each === value.status);
    if (status !== undefined && typeof value.pid === "number") {
      return { id, pid: value.pid, status };
    }
  }
  throw new InternalError(`Cannot read the state of app "${id}": ${text.trim()}`);
}

/** crun's own words: the last line it wrote, as text or as JSON, without time stamp and prefix. */
export function crunMessage(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const last = lines.at(-1) ?? "";
  try {
    const entry: unknown = JSON.parse(last);
    if (typeof entry === "object" && entry !== null && "msg" in entry) {
      return String(entry.msg).trim();
    }
  } catch {
    // a plain line
  }
  return last
    .replace(/^\d{4}-\d\d-\d\dT\S+Z: /, "")
    .replace(/^(\[\w+\]|crun:|error:) /, "")
    .trim();
}

/** The error that fits crun's words. */
export function crunError(doing: string, message: string, completed?: Completed): CoreflyError {
  const text = `Cannot ${doing}: ${message === "" ? "crun gave no reason" : message}`;
  if (/does not exist|No such process|error opening file.*status/i.test(message)) {
    return new NotFoundError(text);
  }
  if (/is not running|not in|already exists|is not created/i.test(message)) {
    return new PodStateError(text);
  }
  return new ExecError(text, {
    exitCode: completed?.exitCode,
    signal: completed?.signal,
    stderrTail: completed?.stderr ?? "",
  });
}

async function run(
  system: System,
  crun: Crun,
  doing: string,
  ...args: readonly string[]
): Promise<Completed> {
  const { timeoutMs } = crun;
  await system.exec.turn();
  const completed = await crun
    .view(() => system.exec.run({ ...crunCommand(crun, ...args), timeoutMs }))
    .catch((cause: unknown) => {
      throw cause instanceof TimeoutError
        ? new TimeoutError(`Cannot ${doing}: crun did not end within ${timeoutMs / 1000} s`, {
            cause,
          })
        : cause;
    });
  if (completed.exitCode !== 0) {
    throw crunError(doing, crunMessage(completed.stderr), completed);
  }
  return completed;
}

async function unlessGone(running: Promise<unknown>): Promise<boolean> {
  try {
    await running;
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) {
      return false;
    }
    throw error;
  }
}
